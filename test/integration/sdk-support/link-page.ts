import { parsePeerId, type PeerId, type Signal, unwrap } from '@shoal/protocol';
import type {} from './keep-raw.ts';
import { PeerLinks } from '../../../client-sdk/src/adapters/peer/simple-peer-link.ts';

/** What a page saw, in order; frames as their length and first byte. */
export type LinkEvent =
  | { readonly type: 'open' | 'closed' | 'drained' }
  | { readonly type: 'frame'; readonly length: number; readonly first: number | undefined };

/** What a test may do in the page. */
type LinkPage = {
  readonly events: LinkEvent[];
  connect(initiator: boolean, connectMs?: number): void;
  signal(signal: Signal): void;
  /** Sends `count` frames of `length` bytes at once. */
  send(length: number, how?: { readonly piece?: boolean; readonly count?: number }): void;
  /** Sends past the adapter, on the data channel itself. */
  sendRaw(what: 'text' | 'oversize' | 'second-channel'): void;
  disconnect(): void;
  closeAll(): void;
};

declare global {
  var links: LinkPage;
  /** Carries a signal to the other page; exposed by the test. */
  var relay: (signal: Signal) => Promise<void>;
}

const PEER: PeerId = unwrap(parsePeerId('other'));
const events: LinkEvent[] = [];
const input: ConstructorParameters<typeof PeerLinks>[0]['input'] = (value) => {
  switch (value.type) {
    case 'link-open':
      events.push({ type: 'open' });
      return;
    case 'link-closed':
      events.push({ type: 'closed' });
      return;
    case 'link-drained':
      events.push({ type: 'drained' });
      return;
    case 'link-frame':
      events.push({ type: 'frame', length: value.frame.length, first: value.frame[0] });
      return;
    case 'link-signal':
      void window.relay(value.signal);
      return;
    default:
      throw new Error(`a link has no ${value.type}`);
  }
};

let links = new PeerLinks({ iceServers: [], input });

window.links = {
  events,
  connect: (initiator, connectMs) => {
    if (connectMs !== undefined) links = new PeerLinks({ iceServers: [], input, connectMs });
    links.connect({ peer: PEER, session: 's1', initiator });
  },
  signal: (signal) => {
    links.signal(PEER, signal);
  },
  send: (length, { piece = false, count = 1 } = {}) => {
    for (let i = 0; i < count; i++)
      links.send(PEER, { bytes: new Uint8Array(length).fill(i + 1), piece });
  },
  sendRaw: (what) => {
    if (what === 'second-channel') window.raw.connections.at(-1)?.createDataChannel('second');
    else if (what === 'text') window.raw.channels.at(-1)?.send('hello');
    else window.raw.channels.at(-1)?.send(new Uint8Array(65_601));
  },
  disconnect: () => {
    links.disconnect(PEER);
  },
  closeAll: () => {
    links.closeAll();
  },
};
