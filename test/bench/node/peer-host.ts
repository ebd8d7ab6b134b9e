import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { AnswerMessage, Calls } from './calls.ts';

/** A process with viewers, as the bench sees it. */
export type PeerHost = {
  readonly ask: <Name extends keyof Calls>(
    call: Name,
    ask: Calls[Name]['ask'],
  ) => Promise<Calls[Name]['answer']>;
  /** At once, and without a word to anybody. */
  readonly kill: () => void;
  /** Idempotent. */
  readonly close: () => Promise<void>;
};

type Waiting = {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
};

const PROGRAM = fileURLToPath(new URL('peer-process.ts', import.meta.url));

/** Starts the process; `conditions` are added to those by which packages are resolved here. */
export function startPeerHost(conditions: readonly string[]): PeerHost {
  const child: ChildProcess = fork(PROGRAM, {
    execArgv: [...process.execArgv, ...conditions.map((name) => `--conditions=${name}`)],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      for (const { reject } of waiting.values()) reject(new Error('a process with viewers ended'));
      waiting.clear();
      resolve();
    });
  });
  child.on('message', (message) => {
    // From our own program, which sends nothing else.
    const said = message as AnswerMessage;
    const asker = waiting.get(said.id);
    waiting.delete(said.id);
    if (said.ok) asker?.resolve(said.answer);
    else asker?.reject(new Error(said.error));
  });
  return {
    ask: (call, ask) =>
      new Promise((resolve, reject) => {
        const id = ++asked;
        if (!child.connected) {
          reject(new Error('a process with viewers is gone'));
          return;
        }
        // The program answers each call with what is declared for it.
        waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
        child.send({ id, call, ask });
      }),
    kill: () => {
      child.kill('SIGKILL');
    },
    close: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}
