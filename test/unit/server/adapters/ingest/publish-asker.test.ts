import { parseChannelId, unwrap } from '@shoal/protocol';
import { type AccessGate } from '@shoal/server';
import { expect, it } from 'vitest';
import { PublishAsker } from '../../../../../server/src/adapters/ingest/publish-asker.ts';

const DEMO = unwrap(parseChannelId('demo'));
const REQUEST = { app: 'live', name: 'key', query: '', secure: false, ip: '::1' };
const HOST = { publish: () => undefined, tag: () => undefined, unpublish: () => undefined };

/** An asker whose log is kept. */
function asker(
  gate: AccessGate,
  take = true,
): { readonly ask: (ip?: string) => Promise<string | undefined>; readonly lines: string[] } {
  const lines: string[] = [];
  const log = {
    error: (fields: { readonly err: unknown }) => {
      lines.push(String(fields.err));
    },
  };
  const made = new PublishAsker(
    {
      gate,
      take: (_channel, use) => {
        if (take) use(HOST);
        return Promise.resolve(take);
      },
      log,
    },
    { publishQuestions: 3, publishQuestionsPerIp: 2, accessMs: 20 },
  );
  return { ask: (ip = '::1') => made.ask({ ...REQUEST, ip }, 1, () => undefined), lines };
}

it('ORG-37: no more than so many questions are open at a time, and each for so long', async () => {
  const { ask, lines } = asker(() => new Promise(() => undefined));
  const both = [ask(), ask()];
  expect(await ask()).toBe('too many ask to publish');
  both.push(ask('::2'));
  expect(await ask('::3')).toBe('too many ask to publish');
  for (const reason of await Promise.all(both))
    expect(reason).toBe('it cannot be asked now who may publish');
  expect(lines.join('')).toContain('no answer within 20 ms');
  expect(lines.join('')).not.toContain('live/key');
  expect(await ask()).toBe('it cannot be asked now who may publish');
});

it('ORG-37: a gate that throws at once is one that cannot be asked', async () => {
  const { ask } = asker(() => {
    throw new Error('broken');
  });
  expect(await ask()).toBe('it cannot be asked now who may publish');
});

it('ORG-38: a channel for which there is no room is refused', async () => {
  const { ask } = asker(() => Promise.resolve({ allowed: true, channel: DEMO }), false);
  expect(await ask()).toBe('there is no room for this channel');
});
