import { RTCPeerConnection } from 'node-datachannel/polyfill';
import { WebSocket } from 'ws';
import { UplinkShaper } from './uplink-shaper.ts';

/** What an engine passes on to its connections: a browser would ignore the second field. */
export type PeerRtcConfig = RTCConfiguration & { readonly uplinkOf?: string };

const shapers = new Map<string, UplinkShaper>();

/** Caps what the connections made with `uplinkOf: name` send together. */
export function capUplink(name: string, kbps: number): void {
  shapers.set(name, new UplinkShaper(kbps));
}

/** More like a browser's connection, in what engines for browsers count on. */
class BrowserLikeConnection extends RTCPeerConnection {
  constructor(config: PeerRtcConfig) {
    const { uplinkOf, ...native } = config;
    super(native);
    const shaper = uplinkOf === undefined ? undefined : shapers.get(uplinkOf);
    if (shaper !== undefined) {
      this.createDataChannel = (...args) => shaper.shape(super.createDataChannel(...args));
      this.addEventListener('datachannel', (event) => {
        // The event that the library made, which has a channel.
        shaper.shape((event as RTCDataChannelEvent).channel);
      });
    }
    // The end of the candidates, which engines without trickle wait for.
    this.addEventListener('icegatheringstatechange', () => {
      if (this.iceGatheringState !== 'complete') return;
      this.dispatchEvent(Object.assign(new Event('icecandidate'), { candidate: null }));
    });
  }

  /** One that can be changed, as browsers give it out. */
  override async createOffer(): Promise<RTCSessionDescriptionInit> {
    return plain(await super.createOffer());
  }

  override async createAnswer(): Promise<RTCSessionDescriptionInit> {
    return plain(await super.createAnswer());
  }
}

// The library leaves the type open; what it gives is a description.
function plain(description: unknown): RTCSessionDescriptionInit {
  const { type, sdp } = description as Required<RTCSessionDescriptionInit>;
  return { type, sdp };
}

/** Takes over what it is made from, as the browser's descriptions and candidates do. */
function Copy(this: object, from: object): void {
  Object.assign(this, from);
}

/** Gives this process the globals of a browser that p2p-media-loader-core uses. */
export function installBrowserGlobals(): void {
  const navigator = { userAgent: 'Node' };
  for (const [name, value] of Object.entries({
    window: globalThis,
    navigator,
    location: { protocol: 'http:' },
    WebSocket,
    RTCPeerConnection: BrowserLikeConnection,
    RTCSessionDescription: Copy,
    RTCIceCandidate: Copy,
  }))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
