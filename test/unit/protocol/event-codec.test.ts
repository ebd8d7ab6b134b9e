import { describe, expect, it } from 'vitest';
import { formatOriginEvent, type OriginEvent, parseOriginEvent } from '@shoal/protocol';
import { channelId, originSegment } from '../../support/builders.ts';

const EVENTS: readonly OriginEvent[] = [
  { type: 'segment.ready', channel: channelId(), segment: originSegment(7).info, at: 12 },
  { type: 'stream.online', channel: channelId(), at: 1 },
  { type: 'stream.interrupted', channel: channelId(), at: 2 },
  { type: 'stream.offline', channel: channelId(), at: 3 },
];

describe('events between an origin and trackers', () => {
  it('EVT-1 EVT-2 are read as they were written', () => {
    for (const event of EVENTS) expect(parseOriginEvent(formatOriginEvent(event))).toEqual(event);
  });

  it('what is no event is read as nothing', () => {
    const [ready] = EVENTS;
    for (const text of [
      ...['', 'x', '[]', 'null', '{}', '{"type":"stream.online","channel":"demo"}'],
      '{"type":"stream.online","channel":"no channel!","at":1}',
      '{"type":"other","channel":"demo","at":1}',
      JSON.stringify({ ...ready, segment: { id: {} } }),
    ])
      expect(parseOriginEvent(text), text).toBeUndefined();
  });
});
