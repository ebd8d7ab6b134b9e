import { isUint32, type ProductKind } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';

/** Something that was made of a broadcast that is over. */
export type Product = {
  readonly kind: ProductKind;
  /** Counted from 1. */
  readonly number: number;
  /** Bytes. */
  readonly size: number;
  /** What of the broadcast it is of, since its beginning. */
  readonly beginMs: number;
  readonly durationMs: number;
};

const KINDS: readonly ProductKind[] = ['mp4', 'poster', 'storyboard', 'sprites'];
/** MP4 files, sheets of sprites, and two more. */
const MOST = ORIGIN_LIMITS.mp4Files + ORIGIN_LIMITS.storyboardPictures + 2;

/** Bytes of all of them. */
export function productBytes({
  products = [],
}: {
  readonly products?: readonly Product[];
}): number {
  return products.reduce((sum, { size }) => sum + size, 0);
}

/** These, in place of those of their kinds. */
export function withProducts(
  before: readonly Product[],
  made: readonly Product[],
): readonly Product[] {
  return [...before.filter(({ kind }) => !made.some((other) => other.kind === kind)), ...made];
}

/** Reads a list of products; undefined where it is none. */
export function readProducts(value: unknown): readonly Product[] | undefined {
  if (!Array.isArray(value) || value.length > MOST) return undefined;
  const products: Product[] = [];
  for (const item of value as readonly unknown[]) {
    const product = readProduct(item);
    if (product === undefined) return undefined;
    products.push(product);
  }
  return products;
}

function readProduct(item: unknown): Product | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(item));
  const kind = KINDS.find((known) => known === fields.get('kind'));
  const [number, size] = [fields.get('number'), fields.get('size')];
  const [beginMs, durationMs] = [fields.get('beginMs'), fields.get('durationMs')];
  if (kind === undefined || !isUint32(number) || !Number.isSafeInteger(size)) return undefined;
  if (!isUint32(beginMs) || !isUint32(durationMs)) return undefined;
  return { kind, number, size: size as number, beginMs, durationMs };
}
