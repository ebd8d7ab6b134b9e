import { createHash } from 'node:crypto';
import { type Logger } from 'pino';
import { type Sha256 } from '@shoal/protocol';
import { Channel, type ChannelOptions, type SessionId } from '../../core/index.ts';
import { type SigningKeys } from '../keys/signing-keys.ts';
import { startEncoder } from '../encoder/start-encoder.ts';
import { type FoundFfmpeg } from '../encoder/find-ffmpeg.ts';
import { type OriginMetrics } from '../metrics/origin-metrics.ts';
import { type ChannelStates } from '../storage/channel-state-file.ts';
import { ChannelHost, type ChannelHostPorts } from './channel-host.ts';
import { PlaylistVersions } from './live-objects.ts';

/** What a channel shares with the others. */
export type ChannelParts = Pick<ChannelHostPorts, 'store' | 'bus' | 'onPlaylist' | 'recording'> & {
  readonly states: ChannelStates;
  readonly signing: Pick<SigningKeys, 'sign'>;
  readonly log: Logger;
  readonly ffmpeg: FoundFfmpeg;
  readonly ingest: Pick<ChannelHostPorts['publisher'], 'pause' | 'resume'>;
  readonly meter: Pick<OriginMetrics, 'encoderStarted'>;
  /** Whoever has the session drops it. */
  readonly drop: (session: SessionId, reason: string) => void;
};

const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Begins a channel where an earlier process left it. Throws an `OriginError` (`data-dir`) when its state is damaged. */
export function openChannel(
  options: Omit<ChannelOptions, 'sha256' | 'sign' | 'canDecode'>,
  parts: ChannelParts,
): ChannelHost {
  const { store, bus, states, signing, ingest, drop, ffmpeg, onPlaylist, recording } = parts;
  const { channel } = options;
  const log = parts.log.child({ channel });
  const canDecode = ffmpeg.decodes.has.bind(ffmpeg.decodes);
  const sign: ChannelOptions['sign'] = (statement) => signing.sign(channel, statement);
  const core = new Channel(
    { ...options, sha256, sign, canDecode },
    states.load(channel),
    Date.now(),
  );
  return new ChannelHost(channel, core, {
    now: () => Date.now(),
    store,
    versions: new PlaylistVersions(),
    bus,
    onPlaylist,
    save: (id, state) => {
      try {
        states.save(id, state);
      } catch (err) {
        // A full disk must not end a broadcast; what is lost is that numbers run on over a restart.
        log.error({ err }, 'the state of the channel cannot be saved');
      }
    },
    startEncoder: (what, handlers) => {
      parts.meter.encoderStarted();
      return startEncoder(what, handlers, {
        ffmpeg,
        onLog: (line) => {
          log.debug({ line }, 'ffmpeg');
        },
      });
    },
    publisher: {
      pause: (session) => {
        ingest.pause(session);
      },
      resume: (session) => {
        ingest.resume(session);
      },
      drop,
    },
    ...(recording !== undefined && { recording }),
    note: (level, message) => {
      log[level](message);
    },
  });
}
