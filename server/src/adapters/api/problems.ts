import { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  isResponseSerializationError,
} from 'fastify-type-provider-zod';
import { problem, PROBLEM_TYPE } from '../http/problem.ts';
import { type RequestIds } from './request-id.ts';

/** An answer other than success, thrown by whoever finds that there is none (RFC 9457). */
export class ApiProblem extends Error {
  readonly status: number;
  /** For programs, as `illegal-transition`; part of the `type` of the problem. Never reused. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    of: {
      readonly code: string;
      readonly detail: string;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ) {
    super(of.detail);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = of.code;
    this.headers = of.headers ?? {};
  }
}

/** Where something asked for is not there, or is somebody else's. */
export function notFound(what: string): ApiProblem {
  return new ApiProblem(404, { code: 'not-found', detail: `no such ${what}` });
}

/** Where what is asked for does not go with what is there. */
export function conflict(code: string, detail: string): ApiProblem {
  return new ApiProblem(409, { code, detail });
}

/** What errors are written with. */
export type ErrorPorts = {
  readonly ids: RequestIds;
  /** Told of failures that are ours. */
  readonly onError: (error: Error, request: FastifyRequest) => void;
};

/** Writes every error as a problem, whose `instance` is the id of the request. */
export function errorHandler({
  ids,
  onError,
}: ErrorPorts): (
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply {
  return (error, request, reply) => {
    const send = sender(ids.tell(request, reply));
    if (error instanceof ApiProblem)
      return send(reply.headers(error.headers), error.status, {
        code: error.code,
        detail: error.message,
      });
    if (hasZodFastifySchemaValidationErrors(error))
      return send(reply, 400, {
        code: 'invalid-request',
        detail: `the ${error.validationContext ?? 'request'} is not as it should be`,
        errors: error.validation.slice(0, 20).map(({ instancePath, message }) => ({
          pointer: instancePath,
          detail: message ?? 'not valid',
        })),
      });
    const status = isResponseSerializationError(error) ? 500 : (error.statusCode ?? 500);
    if (status < 500)
      return send(reply, status, { code: 'invalid-request', detail: error.message });
    onError(error, request);
    return send(reply, status, { code: 'unexpected', detail: 'unexpected failure' });
  };
}

type Told = { readonly code: string; readonly detail: string; readonly errors?: readonly object[] };

function sender(id: string): (reply: FastifyReply, status: number, told: Told) => FastifyReply {
  return (reply, status, { code, detail, errors }) => {
    const type = `urn:shoal:problem:${code}`;
    const body = { ...problem(status, detail), type, code, instance: `urn:shoal:request:${id}` };
    return reply
      .code(status)
      .type(PROBLEM_TYPE)
      .serializer((value) => JSON.stringify(value))
      .send(errors === undefined ? body : { ...body, errors });
  };
}
