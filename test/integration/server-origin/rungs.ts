import { parseRenditionId, unwrap } from '@shoal/protocol';
import type { Rung } from '@shoal/server';

/** A rung of a test's ladder. */
export function rung(name: string, lines: number, kbps: number): Rung {
  return { name: unwrap(parseRenditionId(name)), lines, kbps };
}

/** One rung below the test publisher's picture: what takes an encoder process. */
export const LADDER: readonly Rung[] = [rung('low', 72, 100)];
