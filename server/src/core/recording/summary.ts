import { err, isUint32, ok, type RenditionId, type Result } from '@shoal/protocol';
import { type Product, readProducts } from './product.ts';
import { isTime, readFields, readNames } from './journal.ts';

/** What is remembered of a broadcast that is over. Times are Unix milliseconds. */
export type BroadcastSummary = {
  readonly broadcast: number;
  /** The recording that this one goes on from. */
  readonly continues?: number;
  readonly beginAt: number;
  readonly endAt: number;
  readonly durationMs: number;
  /** In the store. */
  readonly bytes: number;
  readonly segments: number;
  /** How many of them are missing. */
  readonly gaps: number;
  readonly renditions: readonly RenditionId[];
  readonly firstEpoch: number;
  /** The number of its first segment; absent in what was written before numbers were. */
  readonly firstMsn?: number;
  readonly lastEpoch: number;
  /** Whether it has playlists. */
  readonly vod: boolean;
  /** What was made of it since; absent where there is nothing. */
  readonly products?: readonly Product[];
  /** Whether its deletion has begun. */
  readonly deleting: boolean;
};

const NUMBERS = [
  ...(['beginAt', 'endAt', 'durationMs', 'bytes', 'segments', 'gaps'] as const),
  ...(['firstEpoch', 'lastEpoch'] as const),
];

/** Reads what {@link formatSummary} wrote. */
export function parseSummary(text: string): Result<BroadcastSummary, string> {
  const fields = readFields(text);
  if (fields === undefined) return err('not an object of JSON');
  const [broadcast, continues] = [fields.get('broadcast'), fields.get('continues')];
  const firstMsn = fields.get('firstMsn');
  const [vod, deleting] = [fields.get('vod'), fields.get('deleting')];
  const renditions = readNames(fields.get('renditions'));
  const numbers = new Map<string, number>();
  for (const name of NUMBERS) {
    const value = fields.get(name);
    if (!isTime(value)) return err(name);
    numbers.set(name, value);
  }
  const number = (name: (typeof NUMBERS)[number]): number => numbers.get(name) ?? 0;
  if (!isUint32(broadcast)) return err('broadcast');
  if (continues !== undefined && !isUint32(continues)) return err('continues');
  if (firstMsn !== undefined && !isUint32(firstMsn)) return err('firstMsn');
  if (typeof vod !== 'boolean' || typeof deleting !== 'boolean') return err('vod or deleting');
  if (renditions === undefined) return err('renditions');
  const list = fields.get('products');
  const products = list === undefined ? undefined : readProducts(list);
  if (list !== undefined && products === undefined) return err('products');
  return ok({
    ...{ broadcast, renditions, vod, deleting },
    ...(continues !== undefined && { continues }),
    ...(products !== undefined && { products }),
    ...(firstMsn !== undefined && { firstMsn }),
    ...{ beginAt: number('beginAt'), endAt: number('endAt'), durationMs: number('durationMs') },
    ...{ bytes: number('bytes'), segments: number('segments'), gaps: number('gaps') },
    ...{ firstEpoch: number('firstEpoch'), lastEpoch: number('lastEpoch') },
  });
}

/** One line of JSON. */
export function formatSummary(summary: BroadcastSummary): string {
  return `${JSON.stringify(summary)}\n`;
}
