import { parseChannelId, unwrap } from '@shoal/protocol';
import { type AccessRequest } from '@shoal/server';
import { expect, it } from 'vitest';
import { Viewers, type Viewer } from '../../../../../server/src/adapters/access/viewers.ts';
import { credentialsOf } from '../../../../../server/src/adapters/access/credentials.ts';

const DEMO = unwrap(parseChannelId('demo'));
const OTHER = unwrap(parseChannelId('other'));
const viewer = (token: string, channel = DEMO): Viewer => ({
  ...{ channel, ip: '::1', query: '', user: '', password: '', token },
});

type Scene = { readonly viewers: Viewers; readonly asked: AccessRequest[]; now: number };

function scene(): Scene {
  const asked: AccessRequest[] = [];
  const made = { asked, now: 0 };
  const viewers = new Viewers(
    {
      gate: (request) => {
        asked.push(request);
        if (request.token === 'silent') return new Promise(() => undefined);
        if (request.token === 'broken') throw new Error('broken');
        if (request.token === 'elsewhere')
          return Promise.resolve({ allowed: true, channel: OTHER });
        return Promise.resolve(
          request.token === 'good'
            ? { allowed: true, channel: DEMO }
            : { allowed: false, reason: 'no' },
        );
      },
      now: () => made.now,
      onError: () => undefined,
    },
    { accessMs: 20, accessAnswerMs: 100, accessAnswers: 2, accessRetryMs: 10, readQuestions: 2 },
  );
  return Object.assign(made, { viewers });
}

it('ORG-39: it is asked once for the same credentials and channel, together and for a while', async () => {
  const s = scene();
  const both = [s.viewers.mayPlay(viewer('good')), s.viewers.mayPlay(viewer('good'))];
  for (const answer of both) expect(await answer).toBe('yes');
  expect(s.viewers.mayPlay(viewer('good'))).toBe('yes');
  expect(s.asked).toMatchObject([{ action: 'read', protocol: 'hls', path: 'live/demo' }]);
  expect(await s.viewers.mayPlay(viewer('bad'))).toBe('no');
  expect(s.viewers.mayPlay(viewer('bad'))).toBe('no');
  expect(await s.viewers.mayPlay(viewer('good', OTHER))).toBe('no');
  expect(s.asked).toHaveLength(3);
  s.now = 100;
  expect(await s.viewers.mayPlay(viewer('bad'))).toBe('no');
  expect(s.asked).toHaveLength(4);
});

it('ORG-39: no more is remembered, and no more is asked at a time, than so much', async () => {
  const s = scene();
  for (const token of ['a', 'b', 'c']) await s.viewers.mayPlay(viewer(token));
  expect(s.viewers.mayPlay(viewer('c'))).toBe('no');
  expect(await s.viewers.mayPlay(viewer('a'))).toBe('no');
  expect(s.asked).toHaveLength(4);
  const open = [s.viewers.mayPlay(viewer('silent')), s.viewers.mayPlay(viewer('silent', OTHER))];
  expect(s.viewers.mayPlay(viewer('d'))).toBe('unknown');
  for (const answer of open) expect(await answer).toBe('unknown');
});

it('ORG-39: what cannot be asked is asked again soon; a site that speaks of another channel allows nothing', async () => {
  const s = scene();
  expect(await s.viewers.mayPlay(viewer('broken'))).toBe('unknown');
  expect(s.viewers.mayPlay(viewer('broken'))).toBe('unknown');
  s.now = 10;
  expect(await s.viewers.mayPlay(viewer('broken'))).toBe('unknown');
  expect(s.asked).toHaveLength(2);
  expect(await s.viewers.mayPlay(viewer('elsewhere'))).toBe('no');
});

it.each([
  ['user=ana&pass=x%20y', undefined, { user: 'ana', password: 'x y', token: '' }],
  ['password=x&jwt=j', undefined, { user: '', password: 'x', token: 'j' }],
  ['token=q', 'Bearer header', { user: '', password: '', token: 'header' }],
  ['', `basic ${btoa('ana:b:c')}`, { user: 'ana', password: 'b:c', token: '' }],
  ['token=q', 'Digest x', { user: '', password: '', token: 'q' }],
  [`token=${'x'.repeat(5_000)}`, undefined, { user: '', password: '', token: '' }],
  ['', `Basic ${btoa('nothing')}`, { user: '', password: '', token: '' }],
])('ORG-37: reads credentials of %s', (query, authorization, expected) => {
  expect(credentialsOf(query, authorization)).toEqual(expected);
});
