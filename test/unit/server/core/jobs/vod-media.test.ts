import { parseRenditionId, type RenditionId, unwrap } from '@shoal/protocol';
import { type JournalRecord, VodMediaReader } from '@shoal/server/core';
import { describe, expect, it } from 'vitest';
import { channelId } from '../../../../support/builders.ts';

const [SOURCE, LOW, SOUND] = ['source', 'low', 'audio'].map((name) =>
  unwrap(parseRenditionId(name)),
);
const PICTURE = { codecs: 'avc1', width: 640, height: 360 };

/** Reads a broadcast with a segment of 1 s, whose renditions have so many bytes each. */
function mediaOf(sizes: readonly (readonly [RenditionId | undefined, number])[]): unknown {
  const named = sizes.flatMap(([id, size]) => (id === undefined ? [] : [[id, size] as const]));
  const place = { epoch: 7, msn: 0, programDateTimeMs: 7_000, discontinuity: 0 };
  const infos = named.map(([rendition, size]) => ({
    ...{ id: { rendition, epoch: 7, msn: 0 }, size, durationMs: 1_000, root: 'A'.repeat(43) },
  }));
  const renditions = named.map(([rendition]) => ({
    ...{ rendition, ...(rendition === SOUND ? { codecs: 'mp4a.40.2' } : PICTURE) },
  }));
  const records: readonly JournalRecord[] = [
    { type: 'begin', channel: channelId(), broadcast: 7, targetDuration: 1 },
    { type: 'renditions', renditions },
    { type: 'segment', segment: { ...place, infos, independent: true } },
    { type: 'stored', epoch: 7, msn: 0 },
  ];
  const reader = new VodMediaReader();
  for (const record of records) reader.record(record);
  return reader.media();
}

const size = { width: 640, height: 360 };
const segment = { epoch: 7, msn: 0, beginMs: 0, durationMs: 1_000, stored: true };

describe('the media of a broadcast that is over', () => {
  it('ORG-24 are those of the source, and the sound that is a rendition of its own', () => {
    expect(
      mediaOf([
        [SOURCE, 500],
        [LOW, 200],
        [SOUND, 30],
      ]),
    ).toEqual({
      ...{ rendition: SOURCE, sound: SOUND, durationMs: 1_000 },
      segments: [{ ...segment, size: 500, soundSize: 30, picture: size }],
    });
  });

  it('ORG-24 are those of the source alone where the sound is in it', () => {
    expect(
      mediaOf([
        [SOURCE, 500],
        [LOW, 200],
      ]),
    ).toEqual({
      ...{ rendition: SOURCE, durationMs: 1_000 },
      segments: [{ ...segment, size: 500, picture: size }],
    });
  });
});
