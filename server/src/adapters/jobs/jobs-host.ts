import { type ChannelId } from '@shoal/protocol';
import {
  type BroadcastSummary,
  type JobKey,
  type Jobs,
  type JobOutcome,
  type JobsEffect,
  type JobsInput,
  type JobStatus,
  type JobType,
} from '../../core/index.ts';
import { type JobFolder } from './job-folder.ts';

/** What a job is told, and tells. */
export type JobControl = {
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
};

/** What the host of jobs needs of the rest of the origin. */
export type JobsPorts = {
  readonly now: () => number;
  /** Runs something later, unless what it returns is called before. */
  readonly after: (ms: number, run: () => void) => () => void;
  readonly folder: JobFolder;
  /** Does a job; rejects with the reason. What was begun is ended when it settles. */
  readonly run: (job: JobKey, control: JobControl) => Promise<void>;
  readonly note: (
    channel: ChannelId,
  ) => (level: 'info' | 'warn', message: string, err?: unknown) => void;
};

/** The longest time that a timer is set for. */
const DAY_MS = 86_400_000;

type Running = { readonly job: JobKey; readonly aborter: AbortController; over: Promise<void> };

/** Carries out what the jobs of an origin ask for, and tells them the time. */
export class JobsHost {
  readonly #core: Jobs;
  readonly #ports: JobsPorts;
  readonly #inputs: JobsInput[] = [];
  readonly #running = new Set<Running>();
  #state: 'waiting' | 'begun' | 'closed' = 'waiting';
  #busy = false;
  #disarm: (() => void) | undefined;

  constructor(core: Jobs, ports: JobsPorts) {
    this.#core = core;
    this.#ports = ports;
  }

  /** Nothing runs before this is called. */
  begin(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'begun';
    this.#runAll();
  }

  /** A broadcast is over, and nothing can follow. */
  finished(channel: ChannelId, { broadcast, products = [] }: BroadcastSummary): void {
    const made: readonly JobType[] = (['mp4', 'storyboard'] as const).filter((type) =>
      products.some(({ kind }) => kind === type),
    );
    const { folder, note } = this.#ports;
    try {
      const records = folder.load(channel, broadcast);
      this.#input({ type: 'finished', channel, broadcast, records, made });
    } catch (err) {
      note(channel)('warn', `the jobs of broadcast ${broadcast} cannot be read`, err);
    }
  }

  /** A broadcast is to be deleted; resolves when nothing is being made of it any more. */
  async deleted(channel: ChannelId, broadcast: number): Promise<void> {
    this.#input({ type: 'deleted', channel, broadcast });
    for (const { job, over } of [...this.#running])
      if (job.channel === channel && job.broadcast === broadcast) await over;
  }

  /** The jobs of a channel, in the order in which they came. */
  list(channel: ChannelId): readonly JobStatus[] {
    return this.#core.list(channel);
  }

  /** Ends what runs; it goes on when the origin starts again. Idempotent. */
  async close(): Promise<void> {
    if (this.#state === 'begun') this.#input({ type: 'closing' });
    await Promise.all([...this.#running].map(({ over }) => over));
    this.#state = 'closed';
    this.#disarm?.();
  }

  /** One input, all its effects, then the next: an effect may cause an input at once. */
  #input(input: JobsInput): void {
    if (this.#state === 'closed') return;
    this.#inputs.push(input);
    if (this.#state === 'begun' && !this.#busy) this.#runAll();
  }

  #runAll(): void {
    this.#busy = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift())
        for (const effect of this.#core.step(next, this.#ports.now())) this.#run(effect);
    } finally {
      this.#busy = false;
    }
    this.#arm();
  }

  #arm(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    const due = this.#core.deadline();
    if (due === undefined || this.#state === 'closed') return;
    const wait = Math.min(Math.max(0, due - this.#ports.now()), DAY_MS);
    this.#disarm = this.#ports.after(wait, () => {
      this.#input({ type: 'tick' });
    });
  }

  #run(effect: JobsEffect): void {
    const { folder, note } = this.#ports;
    switch (effect.type) {
      case 'start':
        this.#start(effect.job);
        break;
      case 'stop':
        for (const { job, aborter } of this.#running) if (sameJob(job, effect.job)) aborter.abort();
        break;
      case 'save':
      case 'forget':
        try {
          const { channel, broadcast } = effect;
          if (effect.type === 'save') folder.save(channel, broadcast, effect.records);
          else folder.forget(channel, broadcast);
        } catch (err) {
          // On a full disk the job will say so itself; what is lost is that its attempts are counted over a restart.
          note(effect.channel)('warn', 'the state of a job cannot be written', err);
        }
        break;
      case 'note':
        note(effect.channel)(effect.level, effect.message);
        break;
    }
  }

  #start(job: JobKey): void {
    const aborter = new AbortController();
    const { signal } = aborter;
    const running: Running = { job, aborter, over: Promise.resolve() };
    this.#running.add(running);
    const onProgress = (fraction: number): void => {
      if (!signal.aborted) this.#input({ type: 'progress', job, fraction });
    };
    const outcome = this.#ports.run(job, { signal, onProgress }).then(
      (): JobOutcome => ({ type: 'made' }),
      (error: unknown): JobOutcome => {
        if (signal.aborted) return { type: 'given up' };
        return { type: 'failed', reason: reasonOf(error) };
      },
    );
    running.over = outcome.then((result) => {
      this.#running.delete(running);
      this.#input({ type: 'ended', job, outcome: result });
    });
  }
}

/** Everybody may read it: the paths of this machine, which Node puts in quotes, are left out. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/ '[^']*'/g, '') : 'it failed';
}

function sameJob(a: JobKey, b: JobKey): boolean {
  return a.channel === b.channel && a.broadcast === b.broadcast && a.type === b.type;
}
