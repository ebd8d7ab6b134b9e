import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelId } from '@shoal/protocol';
import { OriginError } from '../../errors.ts';
import { readIfThere } from '../storage/channel-state-file.ts';

/** Who may publish where. */
export type StreamKeys = {
  /** The channel that a key opens; takes the same time for every key. */
  readonly channelOf: (key: string) => ChannelId | undefined;
  /** The key of a channel; throws a RangeError for a channel the origin does not have. */
  readonly keyOf: (channel: ChannelId) => string;
};

/** A channel, and its key if the operator chose one. */
export type KeyedChannel = { readonly channel: ChannelId; readonly key?: string };

const KEY = /^[A-Za-z0-9_-]{8,128}$/;
const KEY_BYTES = 18;
const OWNER_ONLY = 0o600;

/**
 * Loads the stream keys of these channels from `dataDir/stream-keys.json`, making those that are
 * missing. Keys that the operator gave are used as they are and not written. Throws an `OriginError`:
 * `bad-options` for a key of the wrong form or given twice, `data-dir` for a damaged file.
 */
export function loadStreamKeys(dataDir: string, channels: readonly KeyedChannel[]): StreamKeys {
  const path = join(dataDir, 'stream-keys.json');
  const stored = new Map(readKeys(path));
  const before = stored.size;
  const keys = new Map<ChannelId, string>();
  for (const { channel, key } of channels) {
    if (key !== undefined && !KEY.test(key))
      throw new OriginError(
        'bad-options',
        `the key of channel ${channel} must match ${KEY.source}`,
      );
    const known = key ?? stored.get(channel) ?? randomBytes(KEY_BYTES).toString('base64url');
    if (key === undefined) stored.set(channel, known);
    keys.set(channel, known);
  }
  if (new Set(keys.values()).size !== keys.size)
    throw new OriginError('bad-options', 'two channels have the same stream key');
  if (stored.size !== before) writeKeys(path, stored);
  const digests = [...keys].map(([channel, key]) => ({ channel, digest: sha256(key) }));
  return {
    channelOf: (key) => {
      const asked = sha256(key);
      let found: ChannelId | undefined;
      for (const { channel, digest } of digests)
        if (timingSafeEqual(digest, asked)) found = channel;
      return found;
    },
    keyOf: (channel) => {
      const key = keys.get(channel);
      if (key === undefined) throw new RangeError(`no channel ${channel}`);
      return key;
    },
  };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function readKeys(path: string): readonly (readonly [string, string])[] {
  const text = readIfThere(path);
  if (text === undefined) return [];
  chmodSync(path, OWNER_ONLY);
  try {
    const value: unknown = JSON.parse(text);
    const entries = Object.entries(typeof value === 'object' && value !== null ? value : {});
    return entries.map(([channel, key]: [string, unknown]) => {
      if (typeof key !== 'string' || !KEY.test(key)) throw new Error(`no key for ${channel}`);
      return [channel, key];
    });
  } catch (cause) {
    throw new OriginError('data-dir', `${path} is damaged`, { cause });
  }
}

function writeKeys(path: string, keys: ReadonlyMap<string, string>): void {
  const text = `${JSON.stringify(Object.fromEntries(keys), undefined, 2)}\n`;
  writeFileSync(`${path}.new`, text, { mode: OWNER_ONLY });
  renameSync(`${path}.new`, path);
}
