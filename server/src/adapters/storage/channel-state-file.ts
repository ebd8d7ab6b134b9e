import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type ChannelId, parseChannelId } from '@shoal/protocol';
import {
  type ChannelState,
  formatChannelState,
  FRESH_STATE,
  parseChannelState,
} from '../../core/index.ts';
import { OriginError } from '../../errors.ts';

/** Where the states of channels are kept over restarts. */
export type ChannelStates = {
  /** Throws an `OriginError` (`data-dir`) when the file is damaged. */
  readonly load: (channel: ChannelId) => ChannelState;
  /** Returns when the state is in the file. */
  readonly save: (channel: ChannelId, state: ChannelState) => void;
  /** Channels that have one, the one that was saved last first. */
  readonly list: () => readonly ChannelId[];
  readonly remove: (channel: ChannelId) => void;
};

/** A file per channel below `dataDir/channels`, replaced as a whole. */
export function createChannelStates(dataDir: string): ChannelStates {
  const folder = join(dataDir, 'channels');
  mkdirSync(folder, { recursive: true });
  return {
    load: (channel) => {
      const path = join(folder, `${channel}.json`);
      const text = readIfThere(path);
      if (text === undefined) return FRESH_STATE;
      const state = parseChannelState(text);
      if (state.ok) return state.value;
      throw new OriginError('data-dir', `${path} is damaged: ${state.error}`);
    },
    // Synchronous: a number must be on disk before a playlist shows it, and it is 100 bytes per segment.
    save: (channel, state) => {
      const path = join(folder, `${channel}.json`);
      writeFileSync(`${path}.new`, formatChannelState(state));
      renameSync(`${path}.new`, path);
    },
    list: () =>
      readdirSync(folder)
        .flatMap((file) => {
          const channel = parseChannelId(/^(.+)\.json$/.exec(file)?.[1] ?? '');
          const at = channel.ok ? statSync(join(folder, file)).mtimeMs : 0;
          return channel.ok ? [{ channel: channel.value, at }] : [];
        })
        .sort((a, b) => b.at - a.at)
        .map(({ channel }) => channel),
    remove: (channel) => {
      rmSync(join(folder, `${channel}.json`), { force: true });
    },
  };
}

/** The text of a file, or undefined when there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
