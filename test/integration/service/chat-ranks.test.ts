import { type Rank, RANKS } from '@shoal/server/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChatScene } from './chat-scene.ts';
import { TestService } from './test-service.ts';

/** What each rank is answered, from anonymous to admin. Of a message of Vi's, with a request that is as it should be. */
const CELLS: Readonly<Record<string, readonly [body: object | undefined, ...statuses: number[]]>> =
  {
    'GET /chat/messages': [undefined, 200, 200, 200, 200, 200],
    'POST /chat/messages': [{ text: 'x' }, 401, 201, 201, 201, 201],
    'DELETE /chat/messages/OTHERS': [undefined, 401, 403, 204, 204, 204],
    'DELETE /chat/messages/OWN': [undefined, 401, 204, 204, 204, 204],
    'GET /chat/settings': [undefined, 200, 200, 200, 200, 200],
    'PATCH /chat/settings': [{ mode: 'everyone' }, 401, 403, 200, 200, 200],
    'GET /bans': [undefined, 401, 403, 200, 200, 200],
    'PUT /bans/somebody': [{ seconds: 1 }, 401, 403, 200, 200, 200],
    'PUT /bans/mo2': [{ seconds: 1 }, 401, 403, 403, 200, 200],
    'DELETE /bans/nobody': [undefined, 401, 403, 404, 404, 404],
    'GET /moderators': [undefined, 401, 403, 403, 200, 200],
    'PUT /moderators/somebody-else': [{}, 401, 403, 403, 200, 200],
    'DELETE /moderators/nobody': [undefined, 401, 403, 403, 404, 404],
    'GET /followers': [undefined, 200, 200, 200, 200, 200],
    'GET /followers/me': [undefined, 401, 200, 200, 200, 200],
    'PUT /followers/me': [undefined, 401, 200, 200, 200, 200],
    'DELETE /followers/me': [undefined, 401, 204, 204, 204, 204],
    'GET /reports': [undefined, 401, 403, 200, 200, 200],
    'POST /reports': [{ message: 'OTHERS' }, 401, 201, 201, 201, 201],
    'POST /reports/none/resolve': [undefined, 401, 403, 404, 404, 404],
  };
const USERS: Readonly<Record<Rank, string | undefined>> = {
  anonymous: undefined,
  viewer: 'vi',
  moderator: 'mo',
  streamer: 'ana',
  admin: 'admin',
};

describe('who may do what in a chat', () => {
  let test: TestService;
  let scene: ChatScene;
  beforeAll(async () => {
    test = await TestService.start();
    scene = await ChatScene.start(test);
  });
  afterAll(() => test.close());

  it.each(Object.entries(CELLS))('ACC-6 %s', async (request, [body, ...statuses]) => {
    for (const rank of RANKS) {
      await scene.as('ana', 'PUT /moderators/mo2', {});
      const who = USERS[rank];
      const all = `${request} ${JSON.stringify(body)}`;
      const others = all.includes('OTHERS') ? await scene.said('ana') : '';
      const own = all.includes('OWN') ? await scene.said(who ?? 'vi') : '';
      const filled = (text: string): string => text.replace('OTHERS', others).replace('OWN', own);
      const sent = body && (JSON.parse(filled(JSON.stringify(body))) as object);
      const { status } = await scene.as(who, filled(request), sent);
      expect(`${rank} ${status}`).toBe(`${rank} ${statuses[RANKS.indexOf(rank)] ?? NaN}`);
      await scene.as('ana', 'DELETE /bans/mo2');
    }
  });
});
