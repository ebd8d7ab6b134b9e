/** What the browser made, for tests that go past the adapter. */
type RawConnections = {
  readonly connections: RTCPeerConnection[];
  readonly channels: RTCDataChannel[];
};

declare global {
  var raw: RawConnections;
}

/** Runs in the page before any script: keeps hold of the connections and channels that are made. */
export function keepRaw(): void {
  const raw: RawConnections = { connections: [], channels: [] };
  const Native = window.RTCPeerConnection;
  window.raw = raw;
  window.RTCPeerConnection = class extends Native {
    constructor(config?: RTCConfiguration) {
      super(config);
      raw.connections.push(this);
      this.addEventListener('datachannel', ({ channel }) => raw.channels.push(channel));
    }

    override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
      const channel = super.createDataChannel(label, options);
      raw.channels.push(channel);
      return channel;
    }
  };
}
