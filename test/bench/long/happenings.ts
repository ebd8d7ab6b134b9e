import { seededRandom } from '../../support/seeded-random.ts';

/** How a publisher's stretch of a broadcast ends. */
type Ending =
  /** It leaves, and somebody is back after so long. */
  | { readonly type: 'leaves'; readonly awayMs: number }
  /** Another one takes the channel over. */
  | { readonly type: 'replaced' };

/** A publisher from its beginning to its end. */
export type Stretch = {
  readonly durationMs: number;
  /** The first timestamp of its stream. */
  readonly firstStamp: number;
  /** Which of the clips it begins with. */
  readonly clip: number;
  /** When its encoder goes on with the next clip, since its beginning; undefined when it never does. */
  readonly changesAtMs: number | undefined;
  readonly ending: Ending;
};

/** Away for a moment; until the broadcast has ended, though its playlist is open; and until that was closed. */
const AWAY_MS = [3_000, 45_000, 400_000] as const;
/** Where 24 and where 32 bits of milliseconds wrap, and half of the latter, where signs change. */
const WRAPS = [2 ** 24, 2 ** 31, 2 ** 32] as const;
const BEFORE_WRAP_MS = 9_000;

/** What happens in a long broadcast, the same for the same seed: without end. */
export function* happenings(seed: number, clips: number): Generator<Stretch, never> {
  const random = seededRandom(seed);
  for (let n = 0; ; n++) {
    const durationMs = 180_000 + Math.floor(random() * 540_000);
    const wrap = WRAPS[n % 4];
    const away = AWAY_MS[Math.floor(n / 2) % AWAY_MS.length] ?? 0;
    yield {
      durationMs,
      firstStamp: wrap === undefined ? 0 : wrap - BEFORE_WRAP_MS,
      clip: n % clips,
      changesAtMs: n % 3 === 1 ? Math.floor(durationMs * (0.3 + random() * 0.4)) : undefined,
      ending: n % 2 === 0 ? { type: 'leaves', awayMs: away } : { type: 'replaced' },
    };
  }
}
