import { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { readJson, textField, writeFrame, writeJson } from './adapters/ingest/pipe.ts';
import { RtmpServer } from './adapters/ingest/rtmp-server.ts';
import { FRAME_KIND, FrameReader, type PipeFrame } from './core/index.ts';

// The ingest process (ORG-3): RTMP on one side, the pipe to the origin on file descriptor 4 on the other.
const PIPE_FD = 4;
const pipe = new Socket({ fd: PIPE_FD, readable: true, writable: true });

const server = new RtmpServer({
  onAsk: (session, { secure, ...asked }) => {
    const protocol = secure ? 'rtmps' : 'rtmp';
    writeJson(pipe, { kind: FRAME_KIND.ask, session }, { ...asked, protocol });
  },
  onTag: (session, tag) => writeFrame(pipe, { kind: FRAME_KIND.tag, session, body: tag }),
  onClosed: (session, reason) => {
    writeJson(pipe, { kind: FRAME_KIND.closed, session }, { reason });
  },
});

function listen(frame: PipeFrame): void {
  const fields = readJson(frame.body);
  const at = { host: textField(fields, 'host'), port: Number(fields.get('port')) };
  const cert = textField(fields, 'cert');
  const failed = (option: string) => (error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const message = error instanceof Error ? error.message : '';
    writeJson(pipe, { kind: FRAME_KIND.listenFailed, session: 0 }, { option, code, message });
  };
  server.listen(at).then((port) => {
    const listening = (securePort: number): void => {
      writeJson(pipe, { kind: FRAME_KIND.listening, session: 0 }, { port, securePort });
    };
    if (cert === '') {
      listening(0);
      return;
    }
    const secureAt = {
      host: textField(fields, 'secureHost'),
      port: Number(fields.get('securePort')),
    };
    const context = createSecureContext({ cert, key: textField(fields, 'key') });
    server.listen(secureAt, context).then(listening, failed('rtmps.port'));
  }, failed('rtmp.port'));
}

function obey(frame: PipeFrame): void {
  if (frame.kind === FRAME_KIND.listen) {
    listen(frame);
    return;
  }
  const connection = server.get(frame.session);
  const reason = (): string => textField(readJson(frame.body), 'reason');
  switch (frame.kind) {
    case FRAME_KIND.accept:
      connection?.accept();
      break;
    case FRAME_KIND.refuse:
      connection?.refuse(reason());
      break;
    case FRAME_KIND.pause:
      connection?.pause('consumer');
      break;
    case FRAME_KIND.resume:
      connection?.resume('consumer');
      break;
    case FRAME_KIND.drop:
      connection?.close(reason());
      break;
    default:
  }
}

const reader = new FrameReader();
pipe.on('data', (chunk) => {
  const frames = reader.push(chunk);
  if (!frames.ok) process.exit(1);
  for (const frame of frames.value) obey(frame);
});
pipe.on('drain', () => {
  server.drained();
});
pipe.on('error', () => {});
// Without its origin the process has nothing to do; a signal to the whole group is the origin's to handle.
pipe.on('close', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
