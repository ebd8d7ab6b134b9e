import { z } from 'zod';
import { credentialsOf } from '../access/credentials.ts';
import { type Api, type ApiParts } from './parts.ts';
import { ApiProblem } from './problems.ts';

const TEXT = z.string().max(4_096).nullable().default('');
/** Of one media server; each viewer and publisher is a request. */
const REQUESTS_A_MINUTE = 60_000;

/** Access to media servers, as MediaMTX asks for it. */
export function accessRoutes(app: Api, { gate, broadcasts: { access } }: ApiParts): void {
  app.route({
    method: 'POST',
    url: '/v1/internal/access',
    config: { rateLimit: { max: REQUESTS_A_MINUTE } },
    ...gate.needs('admin'),
    schema: {
      summary: 'Whether somebody may publish or play: 200, 401 or 403, in the shape of MediaMTX',
      body: z.object({
        ...{ user: TEXT, password: TEXT, token: TEXT, ip: TEXT, action: z.string().max(64) },
        ...{ path: TEXT, protocol: TEXT, id: TEXT, query: TEXT },
      }),
      response: { 200: z.object({ channel: z.string() }) },
    },
    handler: async (request) => {
      const { action, path, password, token, query } = request.body;
      // Encoders have them in the query of their URL.
      const shown = credentialsOf(query ?? '', undefined);
      const asked = {
        ...{ action, path: path ?? '' },
        token: nonEmpty(token) ?? shown.token,
        password: nonEmpty(password) ?? shown.password,
      };
      const answer = await access.decide(asked);
      if (answer.allowed) return { channel: answer.channel };
      throw new ApiProblem(403, { code: 'access-refused', detail: answer.reason });
    },
  });
}

function nonEmpty(text: string | null): string | undefined {
  return text === null || text === '' ? undefined : text;
}
