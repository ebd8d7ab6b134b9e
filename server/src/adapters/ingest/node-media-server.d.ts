// What the origin uses of node-media-server 4.4.3, which ships no types; read from its sources.
declare module 'node-media-server/src/session/rtmp_session.js' {
  import type { Socket } from 'node:net';

  type Packet = {
    header: { fmt: number; cid: number; length: number; type: number; stream_id: number };
    clock: number;
    payload: Buffer;
    bytes: number;
  };

  type Command = {
    cmd?: unknown;
    transId?: unknown;
    cmdObj?: unknown;
    streamName?: unknown;
  };

  type Rtmp = {
    flv: unknown;
    handshakeState: number;
    ackSize?: number;
    streamApp?: unknown;
    streamName?: unknown;
    streamId?: number;
    parserPacket: Packet;
    inPackets: Map<number, Packet>;
    onOutputCallback: (buffer: Buffer) => void;
    parserData: (buffer: Buffer) => string | null;
    chunkMessageHeaderRead: () => number;
    packetParse: () => void;
    controlHandler: () => void;
    invokeHandler: () => void;
    dataHandler: () => void;
    onConnect: (message: Command) => void;
    onCreateStream: (message: Command) => void;
    onPublish: (message: Command) => void;
    onPlay: (message: Command) => void;
    onDeleteStream: (message: Command) => void;
    respondPublish: () => void;
    sendACK: (bytes: number) => void;
    sendStatusMessage: (
      ...status: [streamId: number, level: string, code: string, description: string]
    ) => void;
  };

  export default class RtmpSession {
    constructor(socket: Socket);
    readonly rtmp: Rtmp;
  }
}

declare module 'node-media-server/src/core/logger.js' {
  const logger: { log: (message: unknown, level?: unknown) => void };
  export default logger;
}
