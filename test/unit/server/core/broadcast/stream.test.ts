import { describe, expect, it } from 'vitest';
import {
  audienceOf,
  type Broadcast,
  BROADCAST_STATES,
  type BroadcastState,
  barsChannel,
  broadcastOfRecording,
  isPublic,
  shownStream,
  streamStep,
} from '@shoal/server/core';

const NONE = { underWay: undefined, ready: [] };
const OFFLINE = { state: 'offline', barred: false } as const;

function broadcast(state: BroadcastState, choices: Partial<Broadcast> = {}): Broadcast {
  const times = { startedAt: undefined, endedAt: undefined };
  return { state, autoStart: true, autoStop: true, ...times, ...choices };
}

describe('a stream and the broadcasts of its channel', () => {
  it('BRD-5 makes a broadcast where none is ready, but not when it only comes back', () => {
    expect(streamStep(OFFLINE, 'online', NONE)).toEqual({ type: 'make' });
    const back = { state: 'interrupted', barred: false } as const;
    expect(streamStep(back, 'online', NONE)).toEqual({ type: 'nothing' });
    expect(streamStep(OFFLINE, 'offline', NONE)).toEqual({ type: 'nothing' });
  });

  it('BRD-5 takes the first that is ready and starts by itself, and makes none beside one that waits to be asked', () => {
    const waits = broadcast('ready', { autoStart: false });
    const first = broadcast('ready');
    const ready = [waits, first, broadcast('ready')];
    expect(streamStep(OFFLINE, 'online', { underWay: undefined, ready })) //
      .toEqual({ type: 'follow', broadcast: first });
    const one = { underWay: undefined, ready: [waits] };
    expect(streamStep(OFFLINE, 'online', one)).toEqual({ type: 'nothing' });
    const underWay = broadcast('interrupted');
    expect(streamStep(OFFLINE, 'online', { underWay, ready })) //
      .toEqual({ type: 'follow', broadcast: underWay });
    expect(streamStep(OFFLINE, 'interrupted', { underWay, ready }).type).toBe('follow');
  });

  it('BRD-8 whose broadcast was taken down may not go on', () => {
    const barred = { state: 'offline', barred: true } as const;
    expect(streamStep(barred, 'online', NONE)).toEqual({ type: 'drop' });
    expect(streamStep(barred, 'offline', NONE)).toEqual({ type: 'nothing' });
    const bars = BROADCAST_STATES.filter((from) => barsChannel(from, 'revoked'));
    expect(bars).toEqual(['testing', 'live', 'interrupted']);
    expect(barsChannel('live', 'complete')).toBe(false);
  });

  it('BRD-6 viewers are told of what is live or was, and of no test', () => {
    const shown = BROADCAST_STATES.filter((state) => shownStream(state) !== 'offline');
    expect(shown).toEqual(['live', 'interrupted']);
    expect(shownStream(undefined)).toBe('offline');
    const known = BROADCAST_STATES.filter((state) => isPublic({ state, startedAt: 1 }));
    expect(known).toEqual(['live', 'interrupted', 'complete', 'archived', 'revoked']);
    // A draft that is taken down was never on.
    expect(audienceOf({ state: 'revoked', startedAt: undefined })).toBe('streamer');
    expect(audienceOf({ state: 'revoked', startedAt: 1 })).toBe('viewers');
  });

  it('VOD-1 a recording is of the broadcast with which it shares the most time', () => {
    const [one, two] = [
      { beginAt: 0, endAt: 100 },
      { beginAt: 100, endAt: undefined },
    ];
    expect(broadcastOfRecording({ beginAt: 10, endAt: 120 }, [one, two])).toBe(one);
    expect(broadcastOfRecording({ beginAt: 90, endAt: 120 }, [one, two])).toBe(two);
    expect(broadcastOfRecording({ beginAt: 90, endAt: undefined }, [one, two])).toBe(two);
    expect(broadcastOfRecording({ beginAt: 200, endAt: 220 }, [one])).toBeUndefined();
  });
});
