import { describe, expect, it } from 'vitest';
import {
  formatJobs,
  type JobKey,
  type JobOutcome,
  type JobRecord,
  Jobs,
  type JobsEffect,
  type JobsInput,
  type JobType,
  ORIGIN_LIMITS,
  parseJobs,
} from '@shoal/server/core';
import { channelId } from '../../../../support/builders.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';

const T0 = 1_700_000_000_000;
const CHANNEL = channelId();

/** Jobs whose host does what the test says. */
class JobsBench {
  readonly clock: ManualClock = new ManualClock(T0);
  readonly jobs: Jobs;
  log: JobsEffect[] = [];

  constructor(
    wanted: readonly JobType[] = ['mp4', 'storyboard'],
    limits: ConstructorParameters<typeof Jobs>[1] = {},
  ) {
    this.jobs = new Jobs(wanted, limits);
  }

  step(input: JobsInput): readonly JobsEffect[] {
    const effects = this.jobs.step(input, this.clock.now);
    this.log.push(...effects);
    return effects;
  }

  finished(
    broadcast: number,
    before: { readonly records?: readonly JobRecord[]; readonly made?: readonly JobType[] } = {},
  ): void {
    const { records = [], made = [] } = before;
    this.step({ type: 'finished', channel: CHANNEL, broadcast, records, made });
  }

  ended(job: JobKey, outcome: JobOutcome): void {
    this.step({ type: 'ended', job, outcome });
  }

  /** The clock goes on to when something is due. */
  due(): void {
    const due = this.jobs.deadline();
    if (due === undefined) throw new Error('nothing is due');
    this.clock.advanceTo(Math.max(due, this.clock.now));
    this.step({ type: 'tick' });
  }

  get started(): readonly string[] {
    return this.log.flatMap((effect) =>
      effect.type === 'start' ? [`${effect.job.broadcast}-${effect.job.type}`] : [],
    );
  }

  /** What is remembered of the jobs of a broadcast. */
  saved(broadcast: number): readonly JobRecord[] | undefined {
    let saved: readonly JobRecord[] | undefined;
    for (const effect of this.log) {
      if (effect.type === 'save' && effect.broadcast === broadcast) saved = effect.records;
      if (effect.type === 'forget' && effect.broadcast === broadcast) saved = undefined;
    }
    return saved;
  }

  states(): readonly string[] {
    return this.jobs.list(CHANNEL).map(({ id, state }) => `${id} ${state}`);
  }
}

const key = (broadcast: number, type: JobType = 'mp4'): JobKey => ({
  ...{ channel: CHANNEL, broadcast, type },
});
const FAILED: JobOutcome = { type: 'failed', reason: 'no luck' };

describe('jobs', () => {
  it('ORG-23 are done one after the other, and what is remembered of one is there before it begins', () => {
    const bench = new JobsBench();
    bench.finished(1);
    bench.finished(2);
    expect(bench.states()).toEqual([
      ...['1-mp4 running', '1-storyboard waiting', '2-mp4 waiting', '2-storyboard waiting'],
    ]);
    const types = bench.log.map(({ type }) => type);
    expect(types.lastIndexOf('save', types.indexOf('start'))).toBe(types.indexOf('start') - 1);
    expect(bench.saved(1)?.[0]).toMatchObject({ state: 'running', attempts: 1, startedAt: T0 });
    bench.step({ type: 'progress', job: key(1), fraction: 0.509 });
    expect(bench.jobs.list(CHANNEL)[0]).toMatchObject({ id: '1-mp4', progress: 50 });
    bench.ended(key(1), { type: 'made' });
    expect(bench.jobs.list(CHANNEL)[0]).toMatchObject({ state: 'done', progress: 100 });
    expect(bench.started).toEqual(['1-mp4', '1-storyboard']);
    bench.ended(key(1, 'storyboard'), { type: 'made' });
    bench.ended(key(2), { type: 'made' });
    bench.ended(key(2, 'storyboard'), { type: 'made' });
    expect(bench.started).toEqual(['1-mp4', '1-storyboard', '2-mp4', '2-storyboard']);
    expect(bench.jobs.deadline()).toBeUndefined();
  });

  it('ORG-23 one that fails is tried again after pauses that double, and then given up with the reason', () => {
    const bench = new JobsBench(['mp4']);
    bench.finished(1);
    const pauses: number[] = [];
    for (let i = 1; i < ORIGIN_LIMITS.jobAttempts; i++) {
      bench.ended(key(1), FAILED);
      const [job] = bench.jobs.list(CHANNEL);
      expect(job).toMatchObject({ state: 'waiting', attempts: i, reason: 'no luck' });
      pauses.push((job?.retryAt ?? 0) - bench.clock.now);
      bench.due();
    }
    expect(pauses).toEqual([30_000, 60_000, 120_000, 240_000]);
    bench.ended(key(1), FAILED);
    const failed = { state: 'failed', attempts: ORIGIN_LIMITS.jobAttempts, reason: 'no luck' };
    expect(bench.jobs.list(CHANNEL)).toMatchObject([failed]);
    expect(bench.saved(1)).toMatchObject([{ ...failed, finishedAt: bench.clock.now }]);
    expect(bench.jobs.deadline()).toBeUndefined();
    expect(bench.started).toHaveLength(ORIGIN_LIMITS.jobAttempts);
    // It stays so over a restart.
    const next = new JobsBench(['mp4']);
    next.finished(1, { records: bench.saved(1) ?? [] });
    expect(next.states()).toEqual(['1-mp4 failed']);
    expect(next.started).toEqual([]);
  });

  it('ORG-23 while one waits to be tried again others are done', () => {
    const bench = new JobsBench(['mp4']);
    bench.finished(1);
    bench.finished(2);
    bench.ended(key(1), FAILED);
    expect(bench.started).toEqual(['1-mp4', '2-mp4']);
    bench.ended(key(2), { type: 'made' });
    expect(bench.jobs.deadline()).toBe(T0 + 30_000);
    bench.due();
    expect(bench.started).toEqual(['1-mp4', '2-mp4', '1-mp4']);
  });

  it('ORG-23 one without progress is stopped, and that is the reason', () => {
    const bench = new JobsBench(['mp4']);
    bench.finished(1);
    bench.clock.advance(100_000);
    bench.step({ type: 'progress', job: key(1), fraction: 0.1 });
    expect(bench.jobs.deadline()).toBe(bench.clock.now + ORIGIN_LIMITS.jobStallMs);
    bench.due();
    expect(bench.log.at(-1)).toEqual({ type: 'stop', job: key(1) });
    // Its place is taken until it has ended.
    bench.finished(2);
    expect(bench.started).toEqual(['1-mp4']);
    bench.ended(key(1), { type: 'given up' });
    expect(bench.jobs.list(CHANNEL)[0]).toMatchObject({
      ...{ state: 'waiting', attempts: 1, reason: 'no progress for 120 s' },
    });
    expect(bench.started).toEqual(['1-mp4', '2-mp4']);
  });

  it('ORG-23 ORG-26 one whose broadcast is deleted is stopped and forgotten', () => {
    const bench = new JobsBench();
    bench.finished(1);
    bench.step({ type: 'deleted', channel: CHANNEL, broadcast: 1 });
    expect(bench.log.slice(-2).map(({ type }) => type)).toEqual(['stop', 'forget']);
    expect(bench.states()).toEqual([]);
    bench.step({ type: 'progress', job: key(1), fraction: 1 });
    bench.ended(key(1), { type: 'made' });
    expect(bench.saved(1)).toBeUndefined();
    expect(bench.states()).toEqual([]);
    expect(bench.started).toEqual(['1-mp4']);
  });

  it('ORG-23 when the origin ends one waits again, and its attempt does not count', () => {
    const bench = new JobsBench(['mp4']);
    bench.finished(1);
    bench.step({ type: 'closing' });
    bench.ended(key(1), { type: 'given up' });
    expect(bench.saved(1)).toMatchObject([{ state: 'waiting', attempts: 0 }]);
    expect(bench.started).toHaveLength(1);
    expect(bench.jobs.deadline()).toBeUndefined();
  });

  it('ORG-23 an origin that dies with each attempt does not try for ever', () => {
    let records: readonly JobRecord[] = [];
    let attempts = 0;
    for (let life = 0; life < 10; life++) {
      const bench = new JobsBench(['mp4']);
      bench.finished(1, { records });
      attempts += bench.started.length;
      records = unwrapJobs(formatJobs(bench.saved(1) ?? records));
    }
    expect(attempts).toBe(ORIGIN_LIMITS.jobAttempts);
    expect(records).toMatchObject([{ state: 'failed', reason: 'the origin ended while it ran' }]);
  });

  it('ORG-23 what is made or not wanted is not made again', () => {
    const bench = new JobsBench();
    const done: JobRecord = { type: 'mp4', state: 'done', attempts: 1, createdAt: T0 };
    bench.finished(1, { records: [done], made: ['mp4', 'storyboard'] });
    bench.finished(1, { records: [done], made: ['mp4', 'storyboard'] });
    expect(bench.states()).toEqual(['1-mp4 done']);
    const none = new JobsBench([]);
    none.finished(1, { records: [{ ...done, state: 'waiting' }] });
    expect(none.states()).toEqual([]);
    expect(none.log).toEqual([]);
  });

  it('ORG-23 no more are known of than may be: those that are done make room, others are refused', () => {
    const bench = new JobsBench(['mp4'], { jobs: 3 });
    for (const broadcast of [1, 2, 3, 4, 5]) bench.finished(broadcast);
    expect(bench.states()).toEqual(['1-mp4 running', '2-mp4 waiting', '3-mp4 waiting']);
    expect(bench.log.filter(({ type }) => type === 'note')).toHaveLength(1);
    bench.ended(key(1), { type: 'made' });
    bench.finished(6);
    expect(bench.states()).toEqual(['2-mp4 running', '3-mp4 waiting', '6-mp4 waiting']);
  });

  it('ORG-23 a reason has an end', () => {
    const bench = new JobsBench(['mp4']);
    bench.finished(1);
    bench.ended(key(1), { type: 'failed', reason: 'x'.repeat(5_000) });
    expect(bench.jobs.list(CHANNEL)[0]?.reason).toHaveLength(ORIGIN_LIMITS.jobReasonChars);
  });

  it('ORG-23 what is told of jobs is told of a channel', () => {
    const bench = new JobsBench(['mp4']);
    bench.finished(1);
    expect(bench.jobs.list(channelId('another'))).toEqual([]);
  });
});

describe('what is remembered of jobs', () => {
  it('ORG-23 reads back as it was written', () => {
    const jobs: readonly JobRecord[] = [
      { type: 'mp4', state: 'failed', attempts: 5, reason: 'no luck', createdAt: 1, finishedAt: 3 },
      { type: 'storyboard', state: 'running', attempts: 1, createdAt: 1, startedAt: 2 },
    ];
    expect(parseJobs(formatJobs(jobs))).toEqual({ ok: true, value: jobs });
  });

  it.each([
    '',
    'null',
    '{}',
    '{"jobs":{}}',
    '{"jobs":[1]}',
    '{"jobs":[{"type":"mp3","state":"done","attempts":1,"createdAt":1}]}',
    '{"jobs":[{"type":"mp4","state":"lost","attempts":1,"createdAt":1}]}',
    '{"jobs":[{"type":"mp4","state":"done","attempts":-1,"createdAt":1}]}',
    '{"jobs":[{"type":"mp4","state":"done","attempts":1}]}',
    '{"jobs":[{"type":"mp4","state":"done","attempts":1,"createdAt":1},{"type":"mp4","state":"done","attempts":1,"createdAt":1}]}',
  ])('ORG-23 %j is no list of jobs', (text) => {
    expect(parseJobs(text).ok).toBe(false);
  });
});

function unwrapJobs(text: string): readonly JobRecord[] {
  const jobs = parseJobs(text);
  if (!jobs.ok) throw new Error(jobs.error);
  return jobs.value;
}
