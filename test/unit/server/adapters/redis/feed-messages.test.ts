import { expect, it } from 'vitest';
import { type Envelope } from '@shoal/protocol';
import {
  formatFeedMessage,
  parseFeedMessage,
} from '../../../../../server/src/adapters/redis/feed-messages.ts';
import { channelId } from '../../../../support/builders.ts';

const CHANNEL = channelId();
const EVENT: Envelope = {
  ...{ type: 'chat.message.deleted', data: { message: 'a\nb {} viewers' } },
  ...{ id: 'e1', version: 1, at: 5, channel: CHANNEL, seq: 7 },
};

it('an event is read as it was written', () => {
  for (const audience of ['viewers', 'streamer'] as const)
    expect(parseFeedMessage(formatFeedMessage('p1', audience, EVENT))).toEqual({
      ...{ process: 'p1', feed: { channel: CHANNEL, audience }, envelope: EVENT },
    });
});

it.each([
  '',
  'p1',
  'p1 viewers',
  'p1 nobody {}',
  'p1 viewers [1]',
  'p1 viewers {',
  'p1 viewers {}',
  `p1 viewers ${JSON.stringify({ ...EVENT, channel: '../x' })}`,
  `p1 viewers ${JSON.stringify({ ...EVENT, seq: 0 })}`,
  `p1 viewers ${JSON.stringify({ ...EVENT, seq: 1.5 })}`,
  `p1 viewers ${JSON.stringify({ ...EVENT, seq: '1' })}`,
  `p1 viewers ${JSON.stringify({ ...EVENT, id: 1 })}`,
  `p1 viewers ${JSON.stringify({ ...EVENT, data: null })}`,
  `p1 viewers ${JSON.stringify({ ...EVENT, data: 'x' })}`,
])('anything else is nothing: %s', (text) => {
  expect(parseFeedMessage(text)).toBeUndefined();
});
