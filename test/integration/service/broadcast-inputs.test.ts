import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { channelId } from '../../support/builders.ts';
import { bothDatabases } from './databases.ts';
import { ScriptedOrigin } from './scripted-origin.ts';
import { TestService } from './test-service.ts';

const ROUTES = [
  ...(['GET', 'POST'] as const).map((method) => [method, 'broadcasts'] as const),
  ...(['GET', 'PATCH'] as const).map((method) => [method, 'broadcasts/ID'] as const),
  ['POST', 'broadcasts/ID/transition'],
  ['GET', 'broadcasts/ID/health'],
  ['POST', 'stream-keys/ID/rotate'],
  ['DELETE', 'stream-keys/ID'],
  ...(['stream-keys', 'health', 'playback', 'vods', 'jobs'] as const).map(
    (path) => ['GET', path] as const,
  ),
] as const;

it.each(bothDatabases())(
  'API-5 in %s, bodies, ids and queries of any kind are no failure of ours',
  async (_, make) => {
    const service = await TestService.start({ database: await make() });
    onTestFinished(() => service.close());
    await service.makeChannel('demo', 'ana');
    const token = await service.tokenOf('ana');
    await service.service.follow(new ScriptedOrigin(channelId()));
    const made = await service.call('POST', '/v1/channels/demo/broadcasts', { token, body: {} });
    const { id: known } = made.body as { id: string };
    const scalars = fc.oneof(
      fc.string(),
      fc.constantFrom('\0', '\ud800', '__proto__', 'live', 'ready', 'publish', 'live/demo'),
      fc.double(),
      fc.constantFrom(8_640_000_000_000_000, -1, 2 ** 53, 1e300),
      fc.constant(null),
      fc.boolean(),
    );
    const nearly = fc.record(
      {
        ...{ title: scalars, autoStart: scalars, autoStop: scalars, scheduledAt: scalars },
        ...{ to: scalars, graceSeconds: scalars, action: scalars, path: scalars },
        ...{ token: scalars, password: scalars, query: scalars, user: scalars },
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(fc.jsonValue(), nearly);
    const id = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.constantFrom('\0', '..', '%00', "';--", known),
    );
    const query = fc.constantFrom(
      ...['', '?limit=0', '?limit=x', '?cursor=%00', '?cursor=WzEsIiJd', '?cursor=WzFlMzAwLCIiXQ'],
      ...['?limit=100&cursor=WzksIngiXQ', '?limit=1'],
    );
    const tag = fc.constantFrom(undefined, '*', '"1"', '"x", "2"', 'W/"1"', '');
    await fc.assert(
      fc.asyncProperty(
        fc.record({ route: fc.constantFrom(...ROUTES), body, id, query, tag }),
        async (asked) => {
          const [method, path] = asked.route;
          const of = path.replace('ID', encodeURIComponent(asked.id.replace(/\p{Cs}/gu, '')));
          const { status } = await service.call(method, `/v1/channels/demo/${of}${asked.query}`, {
            token,
            ...(method !== 'GET' && { body: asked.body }),
            ...(asked.tag !== undefined && { headers: { 'If-Match': asked.tag } }),
          });
          expect(status).toBeLessThan(500);
        },
      ),
      { numRuns: 250, seed: 5 },
    );
    await fc.assert(
      fc.asyncProperty(body, async (any) => {
        const { status } = await service.call('POST', '/v1/internal/access', {
          token: service.admin,
          body: any,
        });
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 150, seed: 6 },
    );
  },
);
