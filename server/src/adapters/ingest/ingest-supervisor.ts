import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { Duplex } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FRAME_KIND, FrameReader, type PipeFrame, type SessionId } from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { readJson, textField, writeJson } from './pipe.ts';
import { type PublishRequest } from './rtmp-session.ts';

/** What the ingest process tells. */
export type IngestHandlers = {
  /** To be answered with `accept` or `refuse`. */
  readonly onAsk: (session: SessionId, request: PublishRequest & { readonly ip: string }) => void;
  readonly onTag: (session: SessionId, tag: Uint8Array) => void;
  readonly onClosed: (session: SessionId, reason: string) => void;
  /** For the log: the process died and is started again after so many milliseconds. */
  readonly onRestart: (detail: string, delayMs: number) => void;
};

/** Where to listen: for RTMP, and for RTMPS where there is a certificate. */
export type IngestAddresses = {
  readonly host: string;
  readonly port: number;
  readonly secure?: {
    readonly host: string;
    readonly port: number;
    /** PEM. */
    readonly cert: string;
    readonly key: string;
  };
};

const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 5_000;
const STEADY_MS = 30_000;
const START_MS = 20_000;
const EXIT_MS = 2_000;
/** Session numbers of one process lie in a block of their own, so that they are never reused. */
const BLOCK = 2 ** 32;

type Worker = {
  readonly child: ChildProcess;
  readonly pipe: Duplex;
  readonly base: SessionId;
  readonly startedAt: number;
  /** Sessions that asked and are not closed. */
  readonly sessions: Set<SessionId>;
};

/** Keeps the ingest process running and speaks with it; see SPEC ORG-3. */
export class IngestSupervisor {
  readonly #handlers: IngestHandlers;
  readonly #at: { readonly host: string; port: number };
  readonly #secure: { readonly host: string; port: number; cert: string; key: string } | undefined;
  #worker: Worker | undefined;
  #generation = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #closing = false;

  private constructor(at: IngestAddresses, handlers: IngestHandlers) {
    this.#at = { host: at.host, port: at.port };
    this.#secure = at.secure && { ...at.secure };
    this.#handlers = handlers;
  }

  /** Starts the process; resolves when it listens, rejects with an `OriginError` when it cannot. */
  static async start(at: IngestAddresses, handlers: IngestHandlers): Promise<IngestSupervisor> {
    const supervisor = new IngestSupervisor(at, handlers);
    try {
      await supervisor.#spawn();
    } catch (error) {
      await supervisor.close();
      if (error instanceof OriginError) throw error;
      throw new OriginError('ingest-failed', 'the ingest process cannot be started', {
        cause: error,
      });
    }
    return supervisor;
  }

  /** Where it listens. */
  get port(): number {
    return this.#at.port;
  }

  /** Where it listens for RTMPS, if it does. */
  get securePort(): number | undefined {
    return this.#secure?.port;
  }

  /** The process, while it runs. */
  get pid(): number | undefined {
    return this.#worker?.child.pid;
  }

  accept(session: SessionId): void {
    this.#send(FRAME_KIND.accept, session);
  }

  refuse(session: SessionId, reason: string): void {
    this.#send(FRAME_KIND.refuse, session, { reason });
  }

  /** Stops reading a publisher whose media cannot be taken for now. */
  pause(session: SessionId): void {
    this.#send(FRAME_KIND.pause, session);
  }

  resume(session: SessionId): void {
    this.#send(FRAME_KIND.resume, session);
  }

  /** Ends a publisher. */
  drop(session: SessionId, reason: string): void {
    this.#send(FRAME_KIND.drop, session, { reason });
  }

  /** Ends the process, and every publisher with it. Idempotent. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#timer);
    const worker = this.#worker;
    if (worker?.child.pid === undefined) return;
    await new Promise<void>((resolve) => {
      const insist = setTimeout(() => worker.child.kill('SIGKILL'), EXIT_MS);
      worker.child.once('exit', () => {
        clearTimeout(insist);
        resolve();
      });
      worker.pipe.destroy();
      if (worker.child.connected) worker.child.disconnect();
    });
  }

  #send(kind: number, session: SessionId, body?: Readonly<Record<string, string>>): void {
    const worker = this.#worker;
    if (worker?.pipe.writable !== true) return;
    const local = session - worker.base;
    // A session of a process that is gone is gone as well.
    if (local < 0 || local >= BLOCK) return;
    writeJson(worker.pipe, { kind, session: local }, body);
  }

  async #spawn(): Promise<void> {
    const child = forkIngest();
    const pipe = child.stdio[4];
    if (!(pipe instanceof Duplex)) throw new OriginError('ingest-failed', 'no pipe to the ingest');
    this.#generation += 1;
    const base = this.#generation * BLOCK;
    const worker = { child, pipe, base, startedAt: Date.now(), sessions: new Set<SessionId>() };
    this.#worker = worker;
    const started = new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => {
        reject(new OriginError('ingest-failed', 'the ingest process did not come up'));
        child.kill('SIGKILL');
      }, START_MS);
      const settle = (error?: OriginError): void => {
        clearTimeout(deadline);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#listenTo(worker, settle);
      child.once('exit', (code, signal) => {
        settle(new OriginError('ingest-failed', `the ingest process ended (${signal ?? code})`));
        this.#exited(worker, `ingest process ended (${signal ?? code ?? 'unknown'})`);
      });
      child.once('error', (error) => {
        settle(new OriginError('ingest-failed', error.message, { cause: error }));
        // Without a process there is no exit either.
        if (child.pid === undefined) this.#exited(worker, error.message);
      });
    });
    const secure = this.#secure && {
      ...{ secureHost: this.#secure.host, securePort: this.#secure.port },
      ...{ cert: this.#secure.cert, key: this.#secure.key },
    };
    writeJson(pipe, { kind: FRAME_KIND.listen, session: 0 }, { ...this.#at, ...secure });
    await started;
  }

  #listenTo(worker: Worker, settle: (error?: OriginError) => void): void {
    const reader = new FrameReader();
    worker.pipe.on('data', (chunk: Buffer) => {
      const frames = reader.push(chunk);
      if (!frames.ok) {
        worker.child.kill('SIGKILL');
        return;
      }
      for (const frame of frames.value) this.#frame(worker, frame, settle);
    });
    worker.pipe.on('error', () => {});
  }

  #frame(worker: Worker, frame: PipeFrame, settle: (error?: OriginError) => void): void {
    const session = worker.base + frame.session;
    switch (frame.kind) {
      case FRAME_KIND.tag:
        if (worker.sessions.has(session)) this.#handlers.onTag(session, frame.body);
        break;
      case FRAME_KIND.ask: {
        const fields = readJson(frame.body);
        worker.sessions.add(session);
        this.#handlers.onAsk(session, {
          ip: textField(fields, 'ip'),
          app: textField(fields, 'app'),
          name: textField(fields, 'name'),
          query: textField(fields, 'query'),
          secure: textField(fields, 'protocol') === 'rtmps',
        });
        break;
      }
      case FRAME_KIND.closed:
        if (worker.sessions.delete(session))
          this.#handlers.onClosed(session, textField(readJson(frame.body), 'reason'));
        break;
      case FRAME_KIND.listening: {
        const fields = readJson(frame.body);
        this.#at.port = Number(fields.get('port'));
        if (this.#secure !== undefined) this.#secure.port = Number(fields.get('securePort'));
        settle();
        break;
      }
      case FRAME_KIND.listenFailed: {
        const fields = readJson(frame.body);
        const cause = { code: textField(fields, 'code'), message: textField(fields, 'message') };
        const option = textField(fields, 'option');
        const { host, port } = (option === 'rtmps.port' ? this.#secure : undefined) ?? this.#at;
        settle(OriginError.listening({ option, host, port }, cause));
        worker.child.kill('SIGKILL');
        break;
      }
      default:
    }
  }

  #exited(worker: Worker, detail: string): void {
    worker.pipe.destroy();
    if (this.#worker === worker) this.#worker = undefined;
    for (const session of worker.sessions) this.#handlers.onClosed(session, detail);
    worker.sessions.clear();
    // Before the first success it is the caller of start() who decides.
    if (this.#closing || this.#at.port === 0) return;
    if (Date.now() - worker.startedAt > STEADY_MS) this.#failures = 0;
    const delayMs = Math.min(FIRST_BACKOFF_MS * 2 ** this.#failures, LAST_BACKOFF_MS);
    this.#failures += 1;
    this.#handlers.onRestart(detail, delayMs);
    this.#timer = setTimeout(() => {
      // A failure is an exit again, which comes back here.
      this.#spawn().catch(() => {});
    }, delayMs);
  }
}

/** Starts `ingest-main` beside this file's package: the built one, or its source through tsx. */
function forkIngest(): ChildProcess {
  const source = import.meta.url.endsWith('.ts');
  const entry = fileURLToPath(
    new URL(source ? '../../ingest-main.ts' : '../../ingest-main.js', import.meta.url),
  );
  const execArgv = source ? ['--conditions=@shoal/source', '--import', tsxLoader()] : [];
  return fork(entry, [], {
    execArgv,
    serialization: 'json',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
  });
}

function tsxLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}
