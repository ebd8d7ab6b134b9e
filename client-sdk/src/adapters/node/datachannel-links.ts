import type { Input } from '../../core/io.ts';
import { LinkTable } from '../peer/link-table.ts';
import { DataChannelLink } from './datachannel-link.ts';
import type { NativeIceServer } from './ice-servers.ts';

/** What {@link DataChannelLinks} needs. */
export type DataChannelLinksOptions = {
  readonly iceServers: readonly NativeIceServer[];
  readonly input: (input: Input) => void;
  /** A link that is not open by then is given up. Ms, default 10,000. */
  readonly connectMs?: number;
};

const CONNECT_MS = 10_000;
/** The data channels to neighbours, each on a `node-datachannel` connection. */
export class DataChannelLinks extends LinkTable {
  constructor(options: DataChannelLinksOptions) {
    const { iceServers, input, connectMs = CONNECT_MS } = options;
    super({
      input,
      make: (request, onClosed) => {
        const { peer, session } = request;
        return new DataChannelLink(request, {
          iceServers,
          connectMs,
          onSignal: (signal) => {
            input({ type: 'link-signal', peer, session, signal });
          },
          onOpen: () => {
            input({ type: 'link-open', peer });
          },
          onFrame: (frame) => {
            input({ type: 'link-frame', peer, frame });
          },
          onDrained: () => {
            input({ type: 'link-drained', peer });
          },
          onClosed,
        });
      },
    });
  }
}
