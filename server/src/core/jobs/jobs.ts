import { assertNever, type ChannelId } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';
import { type JobKey, type JobRecord, type JobType } from './job-record.ts';
import { type JobOutcome, type JobsEffect, type JobsInput, type JobStatus } from './messages.ts';

/** Bounds of the jobs of an origin. */
export type JobsLimits = Pick<
  typeof ORIGIN_LIMITS,
  'jobs' | 'jobsAtOnce' | 'jobAttempts' | 'jobPauseMs' | 'jobStallMs' | 'jobReasonChars'
>;

type Job = {
  readonly key: JobKey;
  record: JobRecord;
  notBefore: number;
  fraction: number;
};

/** A job that runs; it holds its place until its end is told, whatever became of its broadcast. */
type Running = {
  readonly job: Job;
  heardAt: number;
  /** Why it was asked to stop. */
  stopping?: 'deleted' | 'stalled' | 'closing';
};

const LOST = 'the origin ended while it ran';

/**
 * The jobs of an origin: what is made of broadcasts that are over, one after the other, tried again with pauses that grow, and given up
 * after so many times (ORG-23). What is remembered of them outlives the origin; an attempt is remembered before it begins, so that one
 * that takes the origin with it is not begun for ever. Pure; its host does the work.
 */
export class Jobs {
  readonly #wanted: readonly JobType[];
  readonly #limits: { readonly [Name in keyof JobsLimits]: number };
  /** In the order in which they came. */
  readonly #jobs = new Map<string, Job>();
  readonly #running = new Map<string, Running>();
  #refused = 0;
  #closing = false;
  #effects: JobsEffect[] = [];

  /** `wanted`: jobs for each broadcast. Default of each limit: the one of `ORIGIN_LIMITS`. */
  constructor(
    wanted: readonly JobType[],
    limits: Partial<{ readonly [Name in keyof JobsLimits]: number }> = {},
  ) {
    this.#wanted = wanted;
    this.#limits = { ...ORIGIN_LIMITS, ...limits };
  }

  /** Does what an input asks for; the returned effects are to be carried out in order, before the next input. */
  step(input: JobsInput, now: number): readonly JobsEffect[] {
    this.#effects = [];
    switch (input.type) {
      case 'finished':
        this.#finished(input, now);
        break;
      case 'deleted':
        this.#deleted(input.channel, input.broadcast);
        break;
      case 'progress':
        this.#progress(input.job, input.fraction, now);
        break;
      case 'ended':
        this.#ended(input.job, input.outcome, now);
        break;
      case 'closing':
        this.#closing = true;
        for (const running of this.#running.values()) this.#stop(running, 'closing');
        break;
      case 'tick':
        break;
      default:
        assertNever(input);
    }
    this.#stopStalled(now);
    this.#startNext(now);
    return this.#effects;
  }

  /** When `tick` is due next. */
  deadline(): number | undefined {
    const times = [...this.#running.values()].flatMap(({ heardAt, stopping }) =>
      stopping === undefined ? [heardAt + this.#limits.jobStallMs] : [],
    );
    if (!this.#closing && this.#running.size < this.#limits.jobsAtOnce)
      for (const { record, notBefore } of this.#jobs.values())
        if (record.state === 'waiting') times.push(notBefore);
    const first = Math.min(...times);
    return Number.isFinite(first) ? first : undefined;
  }

  /** The jobs of a channel, in the order in which they came. */
  list(channel: ChannelId): readonly JobStatus[] {
    return [...this.#jobs.values()]
      .filter(({ key }) => key.channel === channel)
      .map(({ key, record, notBefore, fraction }) => ({
        ...{ id: `${key.broadcast}-${key.type}`, broadcast: key.broadcast, ...record },
        progress: record.state === 'done' ? 100 : Math.floor(fraction * 100),
        ...(record.state === 'waiting' && notBefore > 0 && { retryAt: notBefore }),
      }));
  }

  #finished(
    { channel, broadcast, records, made }: Extract<JobsInput, { type: 'finished' }>,
    now: number,
  ): void {
    let changed = false;
    for (const type of this.#wanted) {
      const key = { channel, broadcast, type };
      const known = records.find((record) => record.type === type);
      if (this.#jobs.has(nameOf(key)) || (known === undefined && made.includes(type))) continue;
      const record = known === undefined ? fresh(type, now) : this.#restored(known, now);
      if (!this.#add({ key, record, notBefore: 0, fraction: 0 })) continue;
      changed ||= record !== known;
    }
    if (changed) this.#save(channel, broadcast, records);
  }

  /** An attempt that was under way when the origin ended has failed. */
  #restored(record: JobRecord, now: number): JobRecord {
    if (record.state !== 'running') return record;
    const isLast = record.attempts >= this.#limits.jobAttempts;
    return {
      ...{ ...record, reason: LOST, state: isLast ? 'failed' : 'waiting' },
      ...(isLast && { finishedAt: now }),
    };
  }

  /** False where there is no room; then it comes again when the origin starts. */
  #add(job: Job): boolean {
    if (this.#jobs.size >= this.#limits.jobs) {
      const over = [...this.#jobs].find(([, { record }]) => record.state === 'done');
      if (over === undefined) {
        const { channel } = job.key;
        if (this.#refused === 0)
          this.#note(channel, 'warn', 'too many jobs wait; more are refused');
        this.#refused += 1;
        return false;
      }
      this.#jobs.delete(over[0]);
    }
    this.#refused = 0;
    this.#jobs.set(nameOf(job.key), job);
    return true;
  }

  #deleted(channel: ChannelId, broadcast: number): void {
    for (const [name, { key }] of this.#jobs)
      if (key.channel === channel && key.broadcast === broadcast) this.#jobs.delete(name);
    for (const running of this.#running.values()) {
      const { key } = running.job;
      if (key.channel === channel && key.broadcast === broadcast) this.#stop(running, 'deleted');
    }
    this.#effects.push({ type: 'forget', channel, broadcast });
  }

  #progress(key: JobKey, fraction: number, now: number): void {
    const running = this.#running.get(nameOf(key));
    if (running === undefined) return;
    running.heardAt = now;
    running.job.fraction = Math.min(1, Math.max(0, fraction));
  }

  #ended(key: JobKey, outcome: JobOutcome, now: number): void {
    const running = this.#running.get(nameOf(key));
    if (running === undefined) return;
    this.#running.delete(nameOf(key));
    const { job, stopping } = running;
    if (stopping === 'deleted') return;
    const { record } = job;
    job.fraction = 0;
    if (outcome.type === 'made') {
      const { type, attempts, createdAt, startedAt = now } = record;
      job.record = {
        ...{ type, state: 'done', attempts, createdAt, startedAt, finishedAt: now },
      };
      this.#note(key.channel, 'info', `${key.type} of broadcast ${key.broadcast} is made`);
    } else if (stopping === 'closing') {
      job.record = { ...record, state: 'waiting', attempts: record.attempts - 1 };
    } else {
      const stalled = `no progress for ${this.#limits.jobStallMs / 1000} s`;
      const why = outcome.type === 'failed' ? outcome.reason : 'it was given up';
      this.#failed(job, stopping === 'stalled' ? stalled : why, now);
    }
    this.#save(key.channel, key.broadcast);
  }

  #failed(job: Job, why: string, now: number): void {
    const { channel, broadcast, type } = job.key;
    const { jobAttempts, jobPauseMs, jobReasonChars } = this.#limits;
    const { attempts } = job.record;
    const isLast = attempts >= jobAttempts;
    const reason = why.slice(0, jobReasonChars);
    job.record = {
      ...{ ...job.record, reason, state: isLast ? 'failed' : 'waiting' },
      ...(isLast && { finishedAt: now }),
    };
    job.notBefore = isLast ? 0 : now + jobPauseMs * 2 ** (attempts - 1);
    const what = isLast ? 'cannot be made' : 'is tried again';
    this.#note(channel, 'warn', `${type} of broadcast ${broadcast} ${what}: ${reason}`);
  }

  #stopStalled(now: number): void {
    for (const running of this.#running.values())
      if (running.stopping === undefined && now >= running.heardAt + this.#limits.jobStallMs)
        this.#stop(running, 'stalled');
  }

  #stop(running: Running, why: NonNullable<Running['stopping']>): void {
    const asked = running.stopping !== undefined;
    // What is deleted is remembered by nobody, whatever it was to stop for before.
    if (!asked || why === 'deleted') running.stopping = why;
    if (!asked) this.#effects.push({ type: 'stop', job: running.job.key });
  }

  #startNext(now: number): void {
    if (this.#closing) return;
    for (const [name, job] of this.#jobs) {
      if (this.#running.size >= this.#limits.jobsAtOnce) return;
      // One of that name may run still, of a broadcast that is deleted.
      if (job.record.state !== 'waiting' || job.notBefore > now || this.#running.has(name))
        continue;
      const attempts = job.record.attempts + 1;
      job.record = { ...job.record, state: 'running', attempts, startedAt: now };
      job.notBefore = 0;
      this.#running.set(name, { job, heardAt: now });
      this.#save(job.key.channel, job.key.broadcast);
      this.#effects.push({ type: 'start', job: job.key });
    }
  }

  /** `before`: what was remembered of jobs that are not wanted any more stays. */
  #save(channel: ChannelId, broadcast: number, before: readonly JobRecord[] = []): void {
    const known = [...this.#jobs.values()]
      .filter(({ key }) => key.channel === channel && key.broadcast === broadcast)
      .map(({ record }) => record);
    const others = before.filter(({ type }) => !known.some((record) => record.type === type));
    this.#effects.push({ type: 'save', channel, broadcast, records: [...known, ...others] });
  }

  #note(channel: ChannelId, level: 'info' | 'warn', message: string): void {
    this.#effects.push({ type: 'note', level, channel, message });
  }
}

function nameOf({ channel, broadcast, type }: JobKey): string {
  return `${channel}/${broadcast}-${type}`;
}

function fresh(type: JobType, now: number): JobRecord {
  return { type, state: 'waiting', attempts: 0, createdAt: now };
}
