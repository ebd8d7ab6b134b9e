import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type DeliveryRecord } from './adapters/http/live-routes.ts';
import { type StoreOptions } from './adapters/storage/open-store.ts';
import { OriginError } from './errors.ts';
import { expectRedisUrl, inRange, type OriginOptions } from './options.ts';

/** Everything that can be chosen about a delivery process. */
export type DeliveryOptions = {
  /** As those of an origin. */
  readonly processMetrics?: boolean;
  readonly metrics?: { readonly host: string; readonly port: number };
  /** Where HLS, the status API and pages are served, as with an origin. */
  readonly http: OriginOptions['http'];
  /** The Redis in which origins mirror what is live, `redis://` or `rediss://`. */
  readonly redis: string;
  /** Where the origins record: the same folder, shared, or the same bucket. Nothing is written there. Default: nowhere. */
  readonly store?: Exclude<StoreOptions, { readonly type: 'memory' }>;
  /** Live media kept in memory, bytes, from 33,554,432, one segment. Default 268,435,456. */
  readonly cacheBytes?: number;
  /** Asked about requests under `/live/`. Default: everybody may play everything. */
  readonly access?: Pick<NonNullable<OriginOptions['access']>, 'read'>;
  /** Folder of pages served at `/`. Default: none. */
  readonly staticDir?: string;
  /** Default `info`. Lines go to standard output as JSON. */
  readonly logLevel?: NonNullable<OriginOptions['logLevel']>;
  /** Called once per finished response under /live/ of this process. */
  readonly onDelivered?: (record: DeliveryRecord) => void;
};

/** The options with their defaults. */
export type DeliverySettings = DeliveryOptions &
  Required<Pick<DeliveryOptions, 'cacheBytes' | 'logLevel'>>;

const LEAST_CACHE = 33_554_432;
const CACHE = 268_435_456;

/** Fills in defaults; throws an `OriginError` (`bad-options`) that names what is out of range. */
export function readDeliveryOptions(options: DeliveryOptions): DeliverySettings {
  const { cacheBytes = CACHE, logLevel = 'info', staticDir } = options;
  inRange('http.port', options.http.port, { from: 0, to: 65_535, whole: true });
  const most = Number.MAX_SAFE_INTEGER;
  inRange('cacheBytes', cacheBytes, { from: LEAST_CACHE, to: most, whole: true });
  expectRedisUrl(options.redis);
  const settings = { ...options, cacheBytes, logLevel };
  if (staticDir === undefined) return settings;
  if (!existsSync(staticDir))
    throw new OriginError('bad-options', `staticDir ${staticDir} does not exist`);
  return { ...settings, staticDir: resolve(staticDir) };
}
