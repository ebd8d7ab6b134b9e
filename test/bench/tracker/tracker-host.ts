import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { HostAnswers, HostCall, TrackerName } from './contenders.ts';

/** A tracker in a process of its own. */
export type TrackerHost = {
  readonly url: URL;
  readonly measure: () => Promise<HostAnswers['measure']>;
  readonly close: () => Promise<void>;
};

const PROGRAM = fileURLToPath(new URL('tracker-process.ts', import.meta.url));

/** Starts it; rejects when its process ends before it listens. */
export async function startTrackerHost(name: TrackerName): Promise<TrackerHost> {
  const child = fork(PROGRAM, [name], {
    execArgv: [...process.execArgv, '--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  const ask = <Call extends HostCall>(call: Call): Promise<HostAnswers[Call]> =>
    new Promise((resolve, reject) => {
      // Our own program answers each call with what is declared for it.
      child.once('message', (said) => {
        resolve(said as HostAnswers[Call]);
      });
      void ended.then(() => {
        reject(new Error(`the process of ${name} has ended`));
      });
      child.send(call);
    });
  const port = await ask('start');
  return {
    url: new URL(`ws://127.0.0.1:${String(port)}/`),
    measure: () => ask('measure'),
    close: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}
