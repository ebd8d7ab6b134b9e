/** Bytes over data channels, whoever opened them. */
export type ChannelBytes = { readonly sent: number; readonly received: number };

const open = new Set<RTCPeerConnection>();
const last = new Map<RTCPeerConnection, ChannelBytes>();

const Native = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Native {
  constructor(config?: RTCConfiguration) {
    super(config);
    open.add(this);
  }
};

/** Counts at the browser's own connections, closed ones as they last were. Import before any engine. */
export async function countChannelBytes(): Promise<ChannelBytes> {
  await Promise.all([...open].map(count));
  let sent = 0;
  let received = 0;
  for (const bytes of last.values()) {
    sent += bytes.sent;
    received += bytes.received;
  }
  return { sent, received };
}

async function count(connection: RTCPeerConnection): Promise<void> {
  if (connection.connectionState === 'closed') {
    open.delete(connection);
    return;
  }
  let sent = 0;
  let received = 0;
  for (const entry of (await connection.getStats()).values() as Iterable<Record<string, unknown>>)
    if (entry['type'] === 'data-channel') {
      sent += Number(entry['bytesSent'] ?? 0);
      received += Number(entry['bytesReceived'] ?? 0);
    }
  last.set(connection, { sent, received });
}
