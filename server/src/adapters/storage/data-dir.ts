import { mkdirSync } from 'node:fs';
import { OriginError } from '../../errors.ts';
import { type KeyedChannel, loadStreamKeys, type StreamKeys } from '../keys/key-file.ts';
import { type ChannelStates, createChannelStates } from './channel-state-file.ts';
import { lockFolder } from './folder-lock.ts';

/** What is kept in the data folder of an origin. */
export type DataDir = {
  readonly keys: StreamKeys;
  readonly states: ChannelStates;
  /** Lets another origin have the folder. */
  readonly close: () => Promise<void>;
};

/**
 * Makes the folder where it is not there, and takes it for this origin. Rejects with an `OriginError`: `data-dir`, `data-dir-in-use`,
 * or `bad-options` for a stream key.
 */
export async function openDataDir(
  folder: string,
  channels: readonly KeyedChannel[],
): Promise<DataDir> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw OriginError.dataDir(folder, cause);
  }
  const close = await lockFolder(folder);
  try {
    const keys = loadStreamKeys(folder, channels);
    return { keys, states: createChannelStates(folder), close };
  } catch (cause) {
    await close();
    throw OriginError.dataDir(folder, cause);
  }
}
