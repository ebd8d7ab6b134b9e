import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelId } from '@shoal/protocol';
import {
  type JobKey,
  Jobs,
  type JobType,
  type SegmentStore,
  VodMediaReader,
} from '../../core/index.ts';
import { type RecordingHost } from '../recording/recording-host.ts';
import { JobFolder } from './job-folder.ts';
import { type JobWork } from './job-work.ts';
import { type JobControl, JobsHost, type JobsPorts } from './jobs-host.ts';
import { makeMp4 } from './make-mp4.ts';
import { makeStoryboard } from './make-storyboard.ts';
import { VodSource } from './vod-source.ts';

const PROGRESS_MS = 1_000;

/** What jobs need of the rest of the origin. */
export type JobsParts = {
  readonly wanted: readonly JobType[];
  readonly ffmpegPath: string;
  /** Of this origin and store. */
  readonly folder: string;
  readonly store: SegmentStore;
  /** Whether the store is as empty as this process is young. */
  readonly fresh: boolean;
  readonly recording: (channel: ChannelId) => RecordingHost | undefined;
  readonly note: JobsPorts['note'];
};

/** The jobs of an origin, which wait for {@link beginJobs}. */
export function createJobs(parts: JobsParts): JobsHost {
  const folder = new JobFolder(join(parts.folder, 'known'));
  if (parts.fresh) folder.clear();
  return new JobsHost(new Jobs(parts.wanted), {
    now: () => Date.now(),
    after: (ms, run) => {
      const timer = setTimeout(run, ms).unref();
      return () => {
        clearTimeout(timer);
      };
    },
    folder,
    run: (job, control) => runJob(parts, job, control),
    note: parts.note,
  });
}

/** Removes what a process that was killed has left half made, and lets the jobs begin. */
export async function beginJobs(
  jobs: JobsHost,
  { folder, store, note }: JobsParts,
  channels: readonly ChannelId[],
): Promise<void> {
  const [first] = channels;
  try {
    rmSync(tempOf(folder), { recursive: true, force: true });
    mkdirSync(tempOf(folder), { recursive: true });
  } catch (err) {
    // Jobs will say so themselves.
    if (first !== undefined) note(first)('warn', 'the folder for jobs cannot be made', err);
  }
  for (const channel of channels)
    try {
      await store.sweep(`/live/${channel}/`);
    } catch (err) {
      // It takes room, and harms nobody.
      note(channel)('warn', 'uploads that were interrupted cannot be removed', err);
      break;
    }
  jobs.begin();
}

async function runJob(parts: JobsParts, job: JobKey, control: JobControl): Promise<void> {
  const { store, ffmpegPath } = parts;
  const { channel, broadcast, type } = job;
  const recording = parts.recording(channel);
  const reader = new VodMediaReader();
  if (recording === undefined) throw new Error('the channel is not recorded');
  for await (const record of recording.records(broadcast)) reader.record(record);
  const media = reader.media();
  if (media === undefined) return;
  const { signal } = control;
  const told = throttled(control.onProgress);
  const work = {
    ...{
      channel,
      broadcast,
      media,
      store,
      ffmpegPath,
      temp: tempOf(parts.folder),
      signal,
      ...told,
    },
    source: new VodSource({ channel, store, media, onRead: told.onAlive }),
  };
  const products = await (type === 'mp4' ? makeMp4(work) : makeStoryboard(work));
  if (products.length === 0) return;
  signal.throwIfAborted();
  if (!(await recording.products(broadcast, products)))
    throw new Error('what was made cannot be listed');
}

/** Once a second is often enough. */
function throttled(
  onProgress: (fraction: number) => void,
): Pick<JobWork, 'onProgress' | 'onAlive'> {
  let [toldAt, now] = [0, 0];
  const tell = (fraction: number): void => {
    now = fraction;
    if (performance.now() - toldAt < PROGRESS_MS) return;
    toldAt = performance.now();
    onProgress(fraction);
  };
  return {
    onProgress: tell,
    onAlive: () => {
      tell(now);
    },
  };
}

function tempOf(folder: string): string {
  return join(folder, 'unfinished');
}
