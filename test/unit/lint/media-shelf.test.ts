import { describe, expect, it } from 'vitest';
import { readMediaPlaylist } from '../../support/lint/media-playlist.ts';
import { MediaShelf } from '../../support/lint/media-shelf.ts';
import { lowLatency, partUri } from './playlists.ts';

const DURATION = 2_000;

/** An origin of hand: parts of three bytes, and whole segments of twelve. */
function serve(uri: string): Uint8Array {
  const [, msn = '0', part] = /-(\d+)(?:\.(\d))?\.m4s$/.exec(uri) ?? [];
  const bytes = (of: number): number[] => [Number(msn), of, 7];
  if (part !== undefined) return Uint8Array.from(bytes(Number(part)));
  return Uint8Array.from([0, 1, 2, 3].flatMap(bytes));
}

async function take(
  fetch: (uri: string) => Uint8Array | undefined,
): Promise<{ readonly shelf: MediaShelf; readonly problems: readonly string[] }> {
  const problems: string[] = [];
  const report = (problem: string): void => void problems.push(problem);
  const shelf = new MediaShelf((uri) => Promise.resolve(fetch(uri)), report);
  await shelf.take(readMediaPlaylist(lowLatency({ segments: 4 }), report));
  return { shelf, problems };
}

describe('the shelf of media', () => {
  it('fetches everything once, and finds parts that are not their segment', async () => {
    const asked: string[] = [];
    const { problems } = await take((uri) => {
      asked.push(uri);
      return serve(uri);
    });
    expect(problems).toEqual([]);
    // An initialisation section, four segments, and the parts of the last two.
    expect(asked).toHaveLength(1 + 4 + 8);
    expect(new Set(asked).size).toBe(asked.length);
    const other = (uri: string): Uint8Array =>
      uri === partUri(3, 1) ? Uint8Array.of(9, 9, 9) : serve(uri);
    expect((await take(other)).problems.join()).toMatch(/-3\.m4s: is not its parts/);
    const gone = (uri: string): Uint8Array | undefined =>
      uri === partUri(2, 0) ? undefined : serve(uri);
    expect((await take(gone)).problems.join()).toMatch(/-2\.m4s: not all its parts/);
  });

  it('knows what a broadcast weighs from its first segment on, unless some were missed', async () => {
    const { shelf } = await take(serve);
    const whole = { bytes: 12, durationMs: DURATION };
    const look = (first: number) =>
      readMediaPlaylist(lowLatency({ first, segments: 4 }), () => undefined);
    expect(shelf.weights(look(0))).toEqual({ base: 0, weights: [whole, whole, whole, whole] });
    await shelf.take(look(2));
    expect(shelf.weights(look(2)).weights).toHaveLength(6);
    // All that was listed has gone: another broadcast, which is seen from its beginning.
    await shelf.take(look(6));
    expect(shelf.weights(look(6))).toMatchObject({ base: 6 });
    await shelf.take(look(20));
    expect(shelf.weights(look(20)).base).toBeUndefined();
  });
});
