/** The part of `@thaunknown/simple-peer` 10 that is used here; the package ships no types. */
declare module '@thaunknown/simple-peer/lite.js' {
  /** A signal as simple-peer gives and takes it; there are more kinds, of which none is used. */
  export type PeerSignal =
    | { readonly type: 'offer' | 'answer'; readonly sdp: string }
    | { readonly type: 'candidate'; readonly candidate: RTCIceCandidateInit };

  type PeerEvents = {
    signal: (signal: unknown) => void;
    connect: () => void;
    data: (data: unknown) => void;
    end: () => void;
    close: () => void;
    error: (error: Error) => void;
  };

  /** One `RTCPeerConnection` with one data channel. */
  export default class Peer {
    constructor(options: {
      readonly initiator: boolean;
      readonly trickle: boolean;
      /** False makes every received text a byte array. */
      readonly objectMode: boolean;
      readonly config: RTCConfiguration;
      readonly channelConfig: RTCDataChannelInit;
    });
    /** Not public, but the only way to its `bufferedamountlow`; null before it exists and after it is gone. */
    readonly _channel: RTCDataChannel | null;
    /** Not public, but the only way to close at once and to see further channels; null once destroyed. */
    readonly _pc: RTCPeerConnection | null;
    readonly destroyed: boolean;
    signal(signal: PeerSignal): void;
    send(data: Uint8Array<ArrayBuffer>): void;
    destroy(): void;
    on<Name extends keyof PeerEvents>(name: Name, listener: PeerEvents[Name]): this;
  }
}
