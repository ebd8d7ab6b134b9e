import { describe, expect, it } from 'vitest';
import { FRESH_STATE } from '@shoal/server/core';
import { Bench } from './channel-bench.ts';

const LIST = '/live/demo/source/ll.m3u8';

function bench(): Bench {
  const made = new Bench(FRESH_STATE, { partMs: 350 });
  made.publish(1);
  return made;
}

function list(of: Bench): string {
  return String(of.stored.get(LIST));
}

/** Names of parts and segments as they are listed. */
function listed(of: Bench): readonly string[] {
  return [...list(of).matchAll(/(?<=URI="|^)\d+-(\d+(?:\.\d+)?)\.m4s/gm)].map(
    ([, name]) => name ?? '',
  );
}

/** A segment of two seconds. */
const PARTS = [350, -350, -350, -350, -350, -250] as const;

describe('a channel of low latency', () => {
  it('ORG-18 a part can be fetched, then the numbers are saved, then it is listed', () => {
    const of = bench();
    const { epoch } = of;
    of.log.length = 0;
    of.encode(epoch, 350);
    expect(of.log.map(({ type }) => type)).toEqual([
      ...['store', 'store', 'save', 'playlist', 'playlist'],
    ]);
    expect(listed(of)).toEqual(['0.0', '0.1']);
    expect(list(of)).toContain('#EXT-X-PRELOAD-HINT:TYPE=PART');
    expect(of.stored.has('/live/demo/source/index.m3u8')).toBe(false);
    of.log.length = 0;
    of.encode(epoch, -350);
    expect(of.log.map(({ type }) => type)).toEqual(['store', 'playlist', 'playlist']);
  });

  it('ORG-18 lists the parts of the last three segments, and keeps some longer', () => {
    const of = bench();
    for (let i = 0; i < 7; i++) of.encodeParts(of.epoch, ...PARTS);
    const own = (msn: number): readonly string[] => PARTS.map((_, i) => `${msn}.${i}`);
    expect(listed(of)).toEqual([
      ...['1', '2', '3', ...own(4), '4', ...own(5), '5', ...own(6), '6', '7.0'],
    ]);
    const kept = [...of.stored.keys()].filter((path) => path.endsWith('.0.m4s'));
    expect(kept.map((path) => /-(\d+)\./.exec(path)?.[1])).toEqual(['2', '3', '4', '5', '6']);
    expect(of.linter.problems).toEqual([]);
  });

  it('ORG-18 what was listed in parts becomes a segment when the encoder is given up', () => {
    const of = bench();
    of.encodeParts(of.epoch, ...PARTS);
    const { epoch } = of;
    of.encode(epoch, 350, -350);
    // Nothing comes for three target durations, though the publisher sends.
    of.step({ type: 'tag', session: 1, tag: new Uint8Array(0) });
    of.step({ type: 'encoded', epoch, bytes: new Uint8Array([0, 0, 0, 1, 0, 0, 0, 0, 0]) });
    expect(of.log).toContainEqual({ type: 'kill-encoder', epoch });
    expect(listed(of).slice(-4)).toEqual(['1.0', '1.1', '1', '2.0']);
    expect(list(of)).toMatch(/#EXTINF:0\.700,\n\d+-1\.m4s/);
  });

  it('ORG-18 lists no parts of a segment in which one is too long for what players were told', () => {
    const of = bench();
    of.encodeParts(of.epoch, ...PARTS);
    of.encodeParts(of.epoch, 350, -900, -350, -400);
    expect(listed(of).filter((name) => name.startsWith('1'))).toEqual(['1']);
    expect(listed(of).at(-1)).toBe('2.0');
  });

  it('ORG-18 an ended broadcast has no part to come', () => {
    const of = bench();
    for (let i = 0; i < 3; i++) of.encodeParts(of.epoch, ...PARTS);
    of.step({ type: 'unpublish', session: 1, reason: 'gone' });
    for (const ms of [30_000, 300_000]) {
      of.clock.advance(ms);
      of.step({ type: 'tick' });
    }
    expect(list(of)).toMatch(/#EXT-X-ENDLIST\n$/);
    expect(list(of)).not.toContain('PRELOAD-HINT');
  });

  it('without it nothing of it is made', () => {
    const plain = new Bench();
    plain.publish(1);
    plain.encode(plain.epoch, 2_000);
    expect([...plain.stored.keys()].filter((path) => /ll\.m3u8|\.\d+\.m4s/.test(path))).toEqual([]);
  });
});
