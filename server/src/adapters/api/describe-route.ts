import { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { PROBLEM_TYPE } from '../http/problem.ts';

type Transform = NonNullable<FastifyDynamicSwaggerOptions['transform']>;

/** Every answer that is no success (RFC 9457). */
const PROBLEM = {
  type: 'object',
  properties: {
    type: { type: 'string', description: '`urn:shoal:problem:` and the code' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'For people' },
    code: { type: 'string', description: 'For programs' },
    instance: { type: 'string', description: '`urn:shoal:request:` and the id of the request' },
    errors: {
      type: 'array',
      description: 'Where the request is not as it should be',
      items: {
        type: 'object',
        properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
        required: ['pointer', 'detail'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'instance'],
};

const REFUSED = {
  description: 'It was refused',
  content: { [PROBLEM_TYPE]: { schema: PROBLEM } },
};

/** What OpenAPI says of a route: its schemas of zod, and how it refuses (API-8). */
export const describeRoute: Transform = (route) => {
  const { schema, url } = jsonSchemaTransform(route);
  if (schema.hide === true) return { schema, url };
  const response = { ...(schema.response as object | undefined), '4XX': REFUSED };
  return { schema: { ...schema, response }, url };
};
