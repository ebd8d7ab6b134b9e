import { err, ok, type Result } from '@shoal/protocol';
import { child, readBoxes, viewOf } from './boxes.ts';
import { decodeTime, readFragment } from './fragment.ts';
import { type Track } from './movie.ts';

/** Where a segment comes in what it is joined to. */
export type JoinPlace = {
  /** Of the encoder that made it; times of another one begin anew. */
  readonly epoch: number;
  /** How long what is missing before it lasted, ms, where that is not in its times. */
  readonly missingMs: number;
};

type Piece = {
  readonly track: Track;
  readonly tfdt: Uint8Array;
  readonly startMs: number;
  readonly endMs: number;
};

/**
 * Makes segments of several epochs one movie: the times of each epoch go on where those of the one before ended, in all tracks, so
 * that none goes back. What is missing within an epoch stays missing: pictures stand still there.
 */
export class MovieJoin {
  readonly #tracks: readonly Track[];
  readonly #ends = new Map<number, number>();
  #epoch: number | undefined;
  #offsetMs = 0;

  constructor(tracks: readonly Track[]) {
    this.#tracks = tracks;
  }

  /** How long it is so far. */
  get durationMs(): number {
    return Math.max(0, ...this.#ends.values());
  }

  /** Gives a segment its place, all files that it is of at once, changing its decode times (`tfdt`, ISO/IEC 14496-12 section 8.8.12) where they are. */
  add(files: readonly Uint8Array[], { epoch, missingMs }: JoinPlace): Result<void, string> {
    const pieces: Piece[] = [];
    for (const file of files) {
      const read = this.#pieces(file);
      if (!read.ok) return read;
      pieces.push(...read.value);
    }
    if (pieces.length === 0) return ok(undefined);
    if (this.#epoch !== epoch) {
      this.#offsetMs = this.#offsetFor(pieces) + missingMs;
      this.#epoch = epoch;
    }
    for (const { track, tfdt, endMs } of pieces) {
      const shift = Math.round((this.#offsetMs * track.timescale) / 1000);
      const moved = writeTime(tfdt, shift);
      if (!moved.ok) return moved;
      this.#ends.set(track.id, Math.max(this.#ends.get(track.id) ?? 0, endMs + this.#offsetMs));
    }
    return ok(undefined);
  }

  #pieces(segment: Uint8Array): Result<readonly Piece[], string> {
    const boxes = readBoxes(segment);
    if (!boxes.ok) return boxes;
    const pieces: Piece[] = [];
    for (const { type, body: moof } of boxes.value) {
      if (type !== 'moof') continue;
      const inside = readBoxes(moof);
      if (!inside.ok) return inside;
      for (const traf of inside.value.filter((box) => box.type === 'traf')) {
        const parts = readBoxes(traf.body);
        if (!parts.ok) return parts;
        const [tfhd, tfdt] = [child(parts.value, 'tfhd'), child(parts.value, 'tfdt')];
        if (tfhd === undefined || tfhd.length < 8 || tfdt === undefined) return err('bad traf box');
        const id = viewOf(tfhd).getUint32(4);
        const track = this.#tracks.find((known) => known.id === id);
        if (track === undefined) return err('a track that is in no initialisation section');
        const info = readFragment(moof, [track]);
        if (!info.ok) return info;
        if (info.value === undefined) continue;
        const { startMs, durationMs } = info.value;
        pieces.push({ track, tfdt, startMs, endMs: startMs + durationMs });
      }
    }
    return ok(pieces);
  }

  /** By how much the times of an epoch that begins so are moved. */
  #offsetFor(pieces: readonly Piece[]): number {
    const first = Math.min(...pieces.map(({ startMs }) => startMs));
    if (this.#ends.size === 0) return -first;
    const known = pieces.flatMap(({ track, startMs }) => {
      const end = this.#ends.get(track.id);
      return end === undefined ? [] : [end - startMs];
    });
    return known.length === 0 ? this.durationMs - first : Math.max(...known);
  }
}

function writeTime(tfdt: Uint8Array, shift: number): Result<void, string> {
  const before = decodeTime(tfdt);
  if (before === undefined) return err('bad tfdt');
  const time = Math.max(0, before + shift);
  const view = viewOf(tfdt);
  if (tfdt[0] === 1) {
    view.setUint32(4, Math.floor(time / 2 ** 32));
    view.setUint32(8, time % 2 ** 32);
  } else if (time < 2 ** 32) view.setUint32(4, time);
  else return err('too long for the times of its fragments');
  return ok(undefined);
}
