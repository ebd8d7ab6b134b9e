import { LIMITS } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { type OriginSegment, originSegment, renditionId } from '../../../support/builders.ts';
import { EngineDriver } from '../../../support/engine-driver.ts';

const audio = (msn: number): OriginSegment => originSegment(msn, { rendition: 'audio', pieces: 2 });
const low = (msn: number): OriginSegment => originSegment(msn, { rendition: 'low', pieces: 4 });
const high = (msn: number): OriginSegment => originSegment(msn, { rendition: 'high', pieces: 8 });
const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);

/** A viewer of `low` and of audio whose numbers run 30 ahead, with 8 s of both, and the tracker. */
function viewer(luck = 0): EngineDriver {
  const driver = new EngineDriver({ random: () => luck });
  driver.list([9, 10].map(low), { rendition: 'low' });
  driver.list([39, 40].map(audio), { rendition: 'audio' });
  for (const segment of [low(9), low(10), audio(39), audio(40)]) driver.demand(segment);
  driver.answerAll();
  play(driver);
  driver.join(100_000);
  driver.advance(100);
  play(driver);
  driver.forget();
  return driver;
}

function play(driver: EngineDriver, change: { readonly bufferedMs?: number } = {}): void {
  const bufferedMs = change.bufferedMs ?? 8_000;
  driver.playTracks({
    main: { rendition: 'low', next: 11, bufferedMs },
    audio: { rendition: 'audio', next: 41, bufferedMs },
  });
}

/** Which segments a peer was asked for, as rendition and number. */
function asked(driver: EngineDriver, peer: string): ReadonlySet<string> {
  return new Set(
    driver.sent(peer, 'request').map(({ segment }) => `${segment.rendition} ${segment.msn}`),
  );
}

function offer(driver: EngineDriver, segment: OriginSegment, peer: string): void {
  driver.have(segment, peer);
  driver.hearDigests(segment, peer);
}

describe('a viewer of video and separate audio', () => {
  it('SWM-20 asks its neighbours for the next segments of both, what is due first above all', () => {
    const driver = viewer();
    driver.list(range(9, 20).map(low), { rendition: 'low' });
    driver.list(range(39, 50).map(audio), { rendition: 'audio' });
    driver.playTracks({
      main: { rendition: 'low', next: 11, bufferedMs: 8_000 },
      audio: { rendition: 'audio', next: 41, bufferedMs: 7_000 },
    });
    driver.meet('a');
    for (const segment of [...range(11, 18).map(low), ...range(41, 48).map(audio)])
      offer(driver, segment, 'a');
    const order: string[] = [];
    for (let next = driver.sent('a', 'request')[0]; next !== undefined;) {
      const { segment, index, count } = next;
      order.push(`${segment.rendition} ${segment.msn}`);
      const source = segment.rendition === 'low' ? low(segment.msn) : audio(segment.msn);
      for (let i = 0; i < count; i++) driver.give(source, 'a', index + i);
      next = driver.sent('a', 'request')[order.length];
    }
    // The first was asked for while only one was on offer.
    const segments = [...new Set(order.slice(1))];
    expect(segments.slice(0, 4)).toEqual(['low 11', 'audio 41', 'audio 42', 'low 12'].sort(byDue));
    expect(new Set(segments)).toEqual(
      new Set([
        ...range(11, 16).map((msn) => `low ${msn}`),
        ...range(41, 46).map((msn) => `audio ${msn}`),
      ]),
    );
  });

  it('SWM-20 takes duties in both, and in no rendition that it does not play', () => {
    const driver = viewer();
    driver.list([11].map(high), { rendition: 'high' });
    driver.forget();
    const duty = [{ stripe: 0, of: 1, rank: 0 }];
    driver.announce(low(11), duty);
    driver.announce(audio(41), duty);
    driver.announce(high(12), duty);
    expect(driver.all('fetch').map(({ url }) => url)).toEqual([low(11).url, audio(41).url]);
  });

  it('SWM-20 tells the tracker of its video, and of the audio of which it may own stripes', () => {
    const driver = viewer();
    driver.join();
    const updates = driver
      .all('tracker-send')
      .flatMap(({ message }) => (message.action === 'update' ? [message] : []));
    expect(updates.at(-1)).toMatchObject({
      rendition: 'low',
      lo: 9,
      hi: 10,
      next: 11,
      also: ['audio'],
    });
    expect(updates.at(-1)?.also.length).toBeLessThanOrEqual(LIMITS.otherRenditions);
    driver.playTracks({ main: { rendition: 'low', next: 11, bufferedMs: 8_000 } });
    driver.advance(2_000);
    const [last] = driver.all('tracker-send').slice(-1);
    expect(last?.message).toMatchObject({ rendition: 'low', also: [] });
  });

  it('SWM-20 fetches each track at its own deadline', () => {
    // Among so many viewers nobody with this luck elects itself (SWM-13).
    const driver = viewer(0.001);
    driver.list([11].map(low), { rendition: 'low' });
    driver.list([41].map(audio), { rendition: 'audio' });
    driver.playTracks({
      main: { rendition: 'low', next: 11, bufferedMs: 8_000 },
      audio: { rendition: 'audio', next: 41, bufferedMs: 3_000 },
    });
    driver.meet('a');
    const first = driver.until('fetch', 9_000);
    expect(first.effect.url).toBe(audio(41).url);
    expect(first.afterMs).toBeGreaterThan(1_500);
    expect(first.afterMs).toBeLessThan(3_000);
    const second = driver.until('fetch', 9_000);
    expect(second.effect.url).toBe(low(11).url);
    expect(first.afterMs + second.afterMs).toBeGreaterThan(5_500);
  });
});

describe('a quality switch', () => {
  it('SWM-20 keeps the neighbours, and takes the new rendition from those that hold it at once', () => {
    const driver = viewer();
    driver.meet('a');
    driver.meet('b');
    for (const msn of [10, 11, 12]) offer(driver, high(msn), 'a');
    offer(driver, high(3), 'b');
    expect(driver.engine.holders(renditionId('high'))).toBe(1);
    expect(driver.engine.holders(renditionId('other'))).toBe(0);
    driver.list(range(9, 14).map(high), { rendition: 'high' });
    expect(asked(driver, 'a').size).toBe(0);
    // The player asks before it has reported the switch.
    driver.demand(high(11));
    driver.hearDigests(high(11), 'a');
    expect([...asked(driver, 'a')]).toEqual(['high 11']);
    driver.serve(high(11), 'a');
    expect(driver.delivered).toHaveLength(1);
    expect(driver.all('fetch')).toEqual([]);
    driver.playTracks({
      main: { rendition: 'high', next: 12, bufferedMs: 9_000 },
      audio: { rendition: 'audio', next: 41, bufferedMs: 8_000 },
    });
    driver.hearDigests(high(12), 'a');
    expect(asked(driver, 'a').has('high 12')).toBe(true);
    expect(driver.all('disconnect')).toEqual([]);
    expect(driver.engine.stats()).toMatchObject({ peers: 2, wastedBytes: 0 });
  });

  it('SWM-20 ends the work on the old rendition', () => {
    const driver = viewer();
    driver.list(range(9, 16).map(low), { rendition: 'low' });
    driver.meet('a');
    driver.playTracks({ audio: { rendition: 'audio', next: 41, bufferedMs: 8_000 } });
    driver.forget();
    for (const msn of range(11, 16)) offer(driver, low(msn), 'a');
    expect(driver.sent('a', 'request')).toEqual([]);
    driver.advance(9_000);
    expect(driver.all('fetch')).toEqual([]);
  });
});

/** Audio is due a second before the video with the same place after the next. */
function byDue(a: string, b: string): number {
  const due = (name: string): number => {
    const [rendition, msn] = name.split(' ');
    return rendition === 'low' ? 8 + 2 * (Number(msn) - 11) : 7 + 2 * (Number(msn) - 41);
  };
  return due(a) - due(b);
}
