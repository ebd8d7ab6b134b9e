/** What every viewer of a full mesh sends in a segment's time. */
export type Traffic = {
  /** Requests to each neighbour, on average; one at a time, each answered with `burst` pieces. */
  readonly requests: number;
  readonly burst: number;
  readonly pieceBytes: number;
  /** Small frames, spread over the time and the neighbours. */
  readonly small: number;
};

/** The page's side of a mesh of bare data channels. */
type MeshPage = {
  readonly offer: (neighbour: number) => Promise<string>;
  readonly answer: (neighbour: number, sdp: string) => Promise<string>;
  readonly accept: (neighbour: number, sdp: string) => Promise<void>;
  readonly isOpen: (neighbours: number) => boolean;
  /** Begins with this traffic, or with none. */
  readonly run: (traffic: Traffic | undefined) => void;
};

declare global {
  var meshPage: MeshPage | undefined;
}

/** Runs in the page: it must not refer to anything outside itself. */
export function installMeshPage(): void {
  const SEGMENT_MS = 2_000;
  const REQUEST_BYTES = 40;
  const SMALL_BYTES = 60;
  const connections = new Map<number, RTCPeerConnection>();
  const channels = new Map<number, RTCDataChannel>();
  /** Requests that a neighbour has still to get in this segment's time. */
  const left = new Map<number, number>();
  let traffic: Traffic | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;

  const send = (channel: RTCDataChannel, bytes: number): void => {
    if (channel.readyState === 'open') channel.send(new Uint8Array(bytes));
  };
  const ask = (neighbour: number): void => {
    const count = left.get(neighbour) ?? 0;
    const channel = channels.get(neighbour);
    if (count <= 0 || channel === undefined) return;
    left.set(neighbour, count - 1);
    send(channel, REQUEST_BYTES);
  };
  const watch = (neighbour: number, channel: RTCDataChannel): void => {
    channel.binaryType = 'arraybuffer';
    channels.set(neighbour, channel);
    let expected = 0;
    channel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      const { burst, pieceBytes } = traffic ?? { burst: 0, pieceBytes: 0 };
      if (data.byteLength === REQUEST_BYTES)
        for (let i = 0; i < burst; i++) send(channel, pieceBytes);
      else if (data.byteLength !== SMALL_BYTES && ++expected % Math.max(burst, 1) === 0)
        ask(neighbour);
    };
  };
  const connect = (neighbour: number): RTCPeerConnection => {
    const connection = new RTCPeerConnection({ iceServers: [] });
    connections.set(neighbour, connection);
    connection.ondatachannel = ({ channel }) => {
      watch(neighbour, channel);
    };
    return connection;
  };
  const described = async (
    connection: RTCPeerConnection,
    own: RTCSessionDescriptionInit,
  ): Promise<string> => {
    const gathered = new Promise<void>((resolve) => {
      connection.onicegatheringstatechange = () => {
        if (connection.iceGatheringState === 'complete') resolve();
      };
    });
    await connection.setLocalDescription(own);
    await gathered;
    return connection.localDescription?.sdp ?? '';
  };

  globalThis.meshPage = {
    offer: async (neighbour) => {
      const connection = connect(neighbour);
      watch(neighbour, connection.createDataChannel('mesh'));
      return described(connection, await connection.createOffer());
    },
    answer: async (neighbour, sdp) => {
      const connection = connect(neighbour);
      await connection.setRemoteDescription({ type: 'offer', sdp });
      return described(connection, await connection.createAnswer());
    },
    accept: async (neighbour, sdp) => {
      await connections.get(neighbour)?.setRemoteDescription({ type: 'answer', sdp });
    },
    isOpen: (neighbours) =>
      [...channels.values()].filter(({ readyState }) => readyState === 'open').length ===
      neighbours,
    run: (next) => {
      traffic = next;
      clearInterval(timer);
      if (next === undefined) return;
      const all = [...channels];
      timer = setInterval(() => {
        for (const [neighbour] of all) {
          const chance = Math.random() < next.requests % 1 ? 1 : 0;
          left.set(neighbour, Math.floor(next.requests) + chance);
          ask(neighbour);
        }
        for (let i = 0; i < next.small; i++)
          setTimeout(
            () => {
              const [, channel] = all[i % all.length] ?? [];
              if (channel !== undefined) send(channel, SMALL_BYTES);
            },
            (0.75 * SEGMENT_MS * i) / next.small,
          );
      }, SEGMENT_MS);
    },
  };
}
