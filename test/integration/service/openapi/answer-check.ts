import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { type Operation } from './document.ts';
import { type RawAnswer } from './raw-request.ts';

const PROBLEM_TYPE = 'application/problem+json';

/** Says what is wrong with answers, by the document that describes them. */
export class AnswerCheck {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  readonly #compiled = new Map<object, ValidateFunction>();

  /** Undefined where the answer is as it was described; `operation` is undefined where there is no such route. */
  fault(answer: RawAnswer, operation: Operation | undefined): string | undefined {
    const { status, headers } = answer;
    if (status >= 500 || status < 200) return `status ${status}`;
    if (status >= 300 && status < 400) return `a redirect: ${status}`;
    if (typeof headers['x-request-id'] !== 'string' && status !== 400 && status !== 431)
      return 'no X-Request-Id';
    return status >= 400 ? this.#problem(answer, operation) : this.#success(answer, operation);
  }

  #problem({ status, headers, text }: RawAnswer, operation: Operation | undefined) {
    if (headers['content-type'] !== PROBLEM_TYPE)
      return `${status} is ${String(headers['content-type'])}, not a problem: ${text.slice(0, 200)}`;
    const body = parse(text);
    if (body === undefined) return `${status} has no JSON`;
    const told = body as { readonly status?: unknown; readonly code?: unknown };
    if (told.status !== status || typeof told.code !== 'string') return `no problem: ${text}`;
    const schema = operation?.answers.get('4XX');
    if (operation !== undefined && schema === undefined) return 'problems are not described';
    return schema && this.#mismatch(schema, body);
  }

  #success({ status, text }: RawAnswer, operation: Operation | undefined) {
    if (operation === undefined) return `status ${status} of no route`;
    if (!operation.answers.has(String(status))) return `status ${status} is not described`;
    const schema = operation.answers.get(String(status));
    if (status === 204 || schema === undefined)
      return text === '' ? undefined : `a body that is not described: ${text.slice(0, 200)}`;
    const body = parse(text);
    return body === undefined ? `no JSON: ${text.slice(0, 200)}` : this.#mismatch(schema, body);
  }

  #mismatch(schema: object, body: unknown): string | undefined {
    const validate = this.#compiled.get(schema) ?? this.#ajv.compile(schema);
    this.#compiled.set(schema, validate);
    if (validate(body)) return undefined;
    return `not as described: ${this.#ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 400)}`;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
