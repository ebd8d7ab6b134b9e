import { type ChannelId, err, ok, type Result } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';
import { isTime, readFields } from '../recording/journal.ts';

const TYPES = ['mp4', 'storyboard'] as const;
const STATES = ['waiting', 'running', 'done', 'failed'] as const;

/** What is made of a broadcast: `mp4` files to download, or a `storyboard` with its poster. */
export type JobType = (typeof TYPES)[number];

/** Which job. */
export type JobKey = {
  readonly channel: ChannelId;
  readonly broadcast: number;
  readonly type: JobType;
};

/** What is remembered of a job over restarts. Times are Unix milliseconds. */
export type JobRecord = {
  readonly type: JobType;
  readonly state: (typeof STATES)[number];
  /** Times that it was begun, but for those that the origin ended in good order. */
  readonly attempts: number;
  /** Why it failed last, in plain words. */
  readonly reason?: string;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
};

/** One line of JSON with the jobs of a broadcast. */
export function formatJobs(jobs: readonly JobRecord[]): string {
  return `${JSON.stringify({ jobs })}\n`;
}

/** Reads what {@link formatJobs} wrote. */
export function parseJobs(text: string): Result<readonly JobRecord[], string> {
  const list = readFields(text)?.get('jobs');
  if (!Array.isArray(list) || list.length > TYPES.length) return err('jobs');
  const jobs: JobRecord[] = [];
  for (const value of list as readonly unknown[]) {
    const job = readJob(value);
    if (job === undefined || jobs.some(({ type }) => type === job.type)) return err('job');
    jobs.push(job);
  }
  return ok(jobs);
}

function readJob(value: unknown): JobRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const type = TYPES.find((known) => known === fields.get('type'));
  const state = STATES.find((known) => known === fields.get('state'));
  const [attempts, createdAt] = [fields.get('attempts'), fields.get('createdAt')];
  const [startedAt, finishedAt] = [fields.get('startedAt'), fields.get('finishedAt')];
  const reason = fields.get('reason');
  if (type === undefined || state === undefined) return undefined;
  if (!isTime(attempts) || !isTime(createdAt)) return undefined;
  return {
    ...{ type, state, attempts, createdAt },
    ...(typeof reason === 'string' && { reason: reason.slice(0, ORIGIN_LIMITS.jobReasonChars) }),
    ...(isTime(startedAt) && { startedAt }),
    ...(isTime(finishedAt) && { finishedAt }),
  };
}
