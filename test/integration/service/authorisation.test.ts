import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rank, RANKS } from '@shoal/server/core';
import { TestService } from './test-service.ts';

/** Least rank of every route. */
const ROUTES: Readonly<Record<string, Rank>> = {
  'GET /v1/channels': 'anonymous',
  'POST /v1/channels': 'admin',
  'GET /v1/channels/{channel}': 'anonymous',
  'PATCH /v1/channels/{channel}': 'streamer',
  'GET /v1/channels/{channel}/broadcasts': 'anonymous',
  'POST /v1/channels/{channel}/broadcasts': 'streamer',
  'GET /v1/channels/{channel}/broadcasts/{broadcast}': 'anonymous',
  'PATCH /v1/channels/{channel}/broadcasts/{broadcast}': 'streamer',
  'POST /v1/channels/{channel}/broadcasts/{broadcast}/transition': 'streamer',
  'GET /v1/channels/{channel}/broadcasts/{broadcast}/health': 'streamer',
  'GET /v1/channels/{channel}/stream-keys': 'streamer',
  'POST /v1/channels/{channel}/stream-keys': 'streamer',
  'POST /v1/channels/{channel}/stream-keys/{key}/rotate': 'streamer',
  'DELETE /v1/channels/{channel}/stream-keys/{key}': 'streamer',
  'GET /v1/channels/{channel}/health': 'streamer',
  'GET /v1/channels/{channel}/playback': 'anonymous',
  'GET /v1/channels/{channel}/vods': 'anonymous',
  'GET /v1/channels/{channel}/jobs': 'streamer',
  'POST /v1/internal/access': 'admin',
  'POST /v1/auth/tokens': 'admin',
  'POST /v1/auth/guest': 'anonymous',
  'DELETE /v1/auth/tokens/{token}': 'admin',
  'POST /v1/channels/{channel}/overlay-token': 'streamer',
  'DELETE /v1/channels/{channel}/overlay-token': 'streamer',
  'GET /v1/channels/{channel}/chat/messages': 'anonymous',
  'POST /v1/channels/{channel}/chat/messages': 'viewer',
  'DELETE /v1/channels/{channel}/chat/messages/{message}': 'viewer',
  'GET /v1/channels/{channel}/chat/settings': 'anonymous',
  'PATCH /v1/channels/{channel}/chat/settings': 'moderator',
  'GET /v1/channels/{channel}/bans': 'moderator',
  'PUT /v1/channels/{channel}/bans/{user}': 'moderator',
  'DELETE /v1/channels/{channel}/bans/{user}': 'moderator',
  'GET /v1/channels/{channel}/moderators': 'streamer',
  'PUT /v1/channels/{channel}/moderators/{user}': 'streamer',
  'DELETE /v1/channels/{channel}/moderators/{user}': 'streamer',
  'GET /v1/channels/{channel}/followers': 'anonymous',
  'GET /v1/channels/{channel}/followers/me': 'viewer',
  'PUT /v1/channels/{channel}/followers/me': 'viewer',
  'DELETE /v1/channels/{channel}/followers/me': 'viewer',
  'GET /v1/channels/{channel}/reports': 'moderator',
  'POST /v1/channels/{channel}/reports': 'viewer',
  'POST /v1/channels/{channel}/reports/{report}/resolve': 'moderator',
  'GET /v1/payments': 'anonymous',
  'POST /v1/sandbox/payments/{payment}/complete': 'admin',
  'POST /v1/channels/{channel}/donations': 'viewer',
  'GET /v1/channels/{channel}/donations': 'streamer',
  'GET /v1/channels/{channel}/donations/{donation}': 'viewer',
  'POST /v1/channels/{channel}/subscriptions': 'viewer',
  'POST /v1/channels/{channel}/subscriptions/gifts': 'viewer',
  'GET /v1/channels/{channel}/subscriptions': 'streamer',
  'GET /v1/channels/{channel}/subscriptions/me': 'viewer',
  'DELETE /v1/channels/{channel}/subscriptions/me': 'viewer',
  'GET /v1/channels/{channel}/outbox': 'streamer',
  'POST /v1/channels/{channel}/outbox/{event}/ack': 'streamer',
  'GET /v1/channels/{channel}/webhooks': 'streamer',
  'POST /v1/channels/{channel}/webhooks': 'streamer',
  'GET /v1/channels/{channel}/webhooks/{webhook}': 'streamer',
  'PATCH /v1/channels/{channel}/webhooks/{webhook}': 'streamer',
  'DELETE /v1/channels/{channel}/webhooks/{webhook}': 'streamer',
  'POST /v1/channels/{channel}/webhooks/{webhook}/secret': 'streamer',
  'POST /v1/channels/{channel}/webhooks/{webhook}/test': 'streamer',
  'GET /v1/channels/{channel}/webhooks/{webhook}/deliveries': 'streamer',
  'POST /v1/channels/{channel}/webhooks/{webhook}/deliveries/{delivery}/redeliver': 'streamer',
};

let test: TestService;
const tokens = new Map<Rank, string>();

beforeAll(async () => {
  test = await TestService.start();
  await test.makeChannel('demo', 'ana');
  tokens.set('viewer', await test.tokenOf('vi'));
  tokens.set('moderator', await test.tokenOf('mo'));
  tokens.set('streamer', await test.tokenOf('ana'));
  tokens.set('admin', test.admin);
  const path = '/v1/channels/demo/moderators/mo';
  const made = await test.call('PUT', path, { token: tokens.get('streamer'), body: {} });
  expect(made.status).toBe(200);
});
afterAll(() => test.close());

/** The rank in general, where there is no channel: nobody is a streamer there. */
const general = (rank: Rank): Rank =>
  rank === 'streamer' || rank === 'moderator' ? 'viewer' : rank;

describe('who may do what', () => {
  it('ACC-6 every route is in this table', async () => {
    const { body } = await test.call('GET', '/openapi.json');
    const { paths } = body as { paths: Record<string, Record<string, unknown>> };
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(routes.sort()).toEqual(Object.keys(ROUTES).sort());
  });

  const cells = Object.entries(ROUTES).flatMap(([route, needed]) =>
    RANKS.map((rank) => [route, rank, needed] as const),
  );
  it.each(cells)('ACC-6 %s as %s', async (route, rank, needed) => {
    const [method = '', path = ''] = route.split(' ');
    const token = tokens.get(rank);
    const { status } = await test.call(method, path.replaceAll(/\{channel\}/g, 'demo'), {
      token,
      // Who may is told that this is nothing; who may not is told so first.
      ...(method !== 'GET' && { body: [] }),
    });
    const own = path.includes('{channel}') ? rank : general(rank);
    const may = RANKS.indexOf(own) >= RANKS.indexOf(needed);
    if (may) expect([401, 403]).not.toContain(status);
    else expect(status).toBe(rank === 'anonymous' ? 401 : 403);
    expect(status).toBeLessThan(500);
  });
});
