import { mkdirSync } from 'node:fs';
import { type ChannelId } from '@shoal/protocol';
import { type SigningPlace } from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { type KeyedChannel, loadStreamKeys, type StreamKeys } from '../keys/key-file.ts';
import { SigningKeys } from '../keys/signing-keys.ts';
import { type ChannelStates, createChannelStates } from './channel-state-file.ts';
import { lockFolder } from './folder-lock.ts';

/** What is kept in the data folder of an origin. */
export type DataDir = {
  readonly keys: StreamKeys;
  readonly states: ChannelStates;
  readonly signing: SigningKeys;
  /** Lets another origin have the folder. */
  readonly close: () => Promise<void>;
};

/**
 * Makes the folder where it is not there, and takes it for this origin. Rejects with an `OriginError`: `data-dir`, `data-dir-in-use`,
 * or `bad-options` for a stream key. `placeOf`: see {@link SigningKeys}.
 */
export async function openDataDir(
  folder: string,
  channels: readonly KeyedChannel[],
  placeOf: (channel: ChannelId) => SigningPlace,
): Promise<DataDir> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw OriginError.dataDir(folder, cause);
  }
  const close = await lockFolder(folder);
  try {
    const keys = loadStreamKeys(folder, channels);
    const ids = channels.map(({ channel }) => channel);
    const signing = new SigningKeys(folder, ids, placeOf);
    return { keys, states: createChannelStates(folder), signing, close };
  } catch (cause) {
    await close();
    throw OriginError.dataDir(folder, cause);
  }
}
