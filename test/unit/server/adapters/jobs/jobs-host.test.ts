import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type BroadcastSummary,
  type JobKey,
  Jobs,
  type JobType,
  ORIGIN_LIMITS,
} from '@shoal/server/core';
import { JobFolder } from '../../../../../server/src/adapters/jobs/job-folder.ts';
import { type JobControl, JobsHost } from '../../../../../server/src/adapters/jobs/jobs-host.ts';
import { channelId } from '../../../../support/builders.ts';

const CHANNEL = channelId();
const WANTED: readonly JobType[] = ['mp4', 'storyboard'];

type Running = {
  readonly job: JobKey;
  readonly control: JobControl;
  readonly succeed: () => void;
  readonly fail: () => void;
};

/** A host on a real folder, and broadcasts that come and go; what it runs ends when the test says so. */
class JobsScene {
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'shoal-jobs-'));
  /** What is in the store: `{broadcast}-{type}`. */
  readonly made = new Set<string>();
  /** Broadcasts that are over and not deleted; whether their deletion has begun. */
  readonly broadcasts = new Map<number, boolean>();
  /** How often each was made. */
  readonly times = new Map<string, number>();
  running: Running[] = [];
  now = 1_700_000_000_000;
  #next = 1;
  #timers: { readonly at: number; readonly run: () => void }[] = [];
  #host: JobsHost | undefined;

  up(): void {
    this.running = [];
    this.#timers = [];
    const mine = this.running;
    const host = new JobsHost(new Jobs(WANTED), {
      now: () => this.now,
      after: (ms, run) => {
        const timer = { at: this.now + ms, run };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        };
      },
      folder: new JobFolder(this.#folder),
      run: (job, control) =>
        new Promise((resolve, reject) => {
          const over = (end: () => void) => () => {
            mine.splice(mine.indexOf(running), 1);
            end();
          };
          const running: Running = {
            ...{ job, control },
            succeed: over(() => {
              if (control.signal.aborted) reject(new Error('it was given up'));
              else {
                this.#make(job);
                resolve();
              }
            }),
            fail: over(() => {
              reject(new Error('no luck'));
            }),
          };
          mine.push(running);
        }),
      note: () => () => undefined,
    });
    this.#host = host;
    for (const [broadcast, deleting] of this.broadcasts) if (!deleting) this.#finished(broadcast);
    host.begin();
    // Deletions that had begun go on.
    for (const [broadcast, deleting] of this.broadcasts) if (deleting) void this.delete(broadcast);
  }

  finish(): void {
    const broadcast = this.#next;
    this.#next += 1;
    this.broadcasts.set(broadcast, false);
    this.#finished(broadcast);
  }

  /** As a recording does: first nothing is made any more, then all goes. */
  async delete(broadcast: number): Promise<void> {
    const host = this.#host;
    this.broadcasts.set(broadcast, true);
    await host?.deleted(CHANNEL, broadcast);
    if (this.#host !== host) return;
    for (const type of WANTED) this.made.delete(`${broadcast}-${type}`);
    this.broadcasts.delete(broadcast);
  }

  kill(): void {
    this.#host = undefined;
    this.running = [];
  }

  async close(): Promise<void> {
    const closing = this.#host?.close();
    for (const { control, fail } of [...this.running]) if (control.signal.aborted) fail();
    await closing;
    this.kill();
  }

  advance(ms: number): void {
    this.now += ms;
    for (const timer of this.#timers.filter(({ at }) => at <= this.now)) {
      this.#timers = this.#timers.filter((other) => other !== timer);
      timer.run();
    }
  }

  /** The process dies while it writes down what is remembered of a broadcast; or the disk has damaged that. */
  tear(broadcast: number, damaged = false): void {
    const file = join(this.#folder, CHANNEL, `${broadcast}.json${damaged ? '' : '.new'}`);
    writeFileSync(file, '{"jobs":[{"ty');
  }

  states(): ReadonlyMap<string, { readonly state: string; readonly attempts: number }> {
    return new Map((this.#host?.list(CHANNEL) ?? []).map((job) => [job.id, job]));
  }

  files(): readonly string[] {
    return readdirSync(this.#folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.json'),
    );
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #finished(broadcast: number): void {
    const made = WANTED.filter((type) => this.made.has(`${broadcast}-${type}`));
    const products = made.map((kind) => ({
      ...{ kind, number: 1, size: 1, beginMs: 0, durationMs: 1 },
    }));
    const summary: BroadcastSummary = {
      ...{ broadcast, beginAt: 1, endAt: 2, durationMs: 1, bytes: 3, segments: 1, gaps: 0 },
      ...{ renditions: [], firstEpoch: 9, lastEpoch: 9, vod: true, deleting: false, products },
    };
    this.#host?.finished(CHANNEL, summary);
  }

  #make({ broadcast, type }: JobKey): void {
    const name = `${broadcast}-${type}`;
    if (!this.broadcasts.has(broadcast)) throw new Error(`${name} is made of what is gone`);
    if (!this.made.has(name)) this.times.set(name, (this.times.get(name) ?? 0) + 1);
    this.made.add(name);
  }
}

const acts = fc.array(
  fc.record({
    act: fc.constantFrom(
      ...(['finish', 'finish', 'delete', 'succeed', 'succeed', 'fail'] as const),
      ...(['progress', 'wait', 'wait long', 'kill', 'close', 'tear'] as const),
    ),
    by: fc.nat(1_000),
  }),
  { minLength: 10, maxLength: 60 },
);

async function calm(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate);
}

async function perform(scene: JobsScene, act: string, by: number): Promise<void> {
  const [running] = scene.running;
  const ids = [...scene.broadcasts.keys()];
  const id = ids[by % Math.max(1, ids.length)];
  switch (act) {
    case 'finish':
      scene.finish();
      break;
    case 'delete':
      if (id !== undefined) void scene.delete(id);
      break;
    case 'succeed':
      running?.succeed();
      break;
    case 'fail':
      running?.fail();
      break;
    case 'progress':
      running?.control.onProgress(by / 1_000);
      break;
    case 'wait':
      scene.advance(by);
      break;
    case 'wait long':
      scene.advance(by * 400);
      break;
    case 'tear':
      if (scene.files().length > 0 && id !== undefined) scene.tear(id);
      break;
    case 'kill':
      scene.kill();
      scene.up();
      break;
    default:
      await scene.close();
      scene.up();
  }
  await calm();
}

it('ORG-23 ORG-26 over any history of broadcasts, failures and deaths one job runs at a time, each is made once or given up, and none of what is deleted', async () => {
  await fc.assert(
    fc.asyncProperty(acts, async (history) => {
      const scene = new JobsScene();
      try {
        scene.up();
        for (const { act, by } of history) {
          await perform(scene, act, by);
          expect(scene.running.length).toBeLessThanOrEqual(ORIGIN_LIMITS.jobsAtOnce);
          for (const { attempts } of scene.states().values())
            expect(attempts).toBeLessThanOrEqual(ORIGIN_LIMITS.jobAttempts);
        }
        // From here on everything succeeds.
        for (let quiet = 0; quiet < 12; quiet++) {
          for (const running of [...scene.running]) {
            running.succeed();
            quiet = 0;
          }
          await calm();
          scene.advance(ORIGIN_LIMITS.jobStallMs / 4);
          await calm();
        }
        const states = scene.states();
        for (const [broadcast, deleting] of scene.broadcasts) {
          expect(deleting).toBe(false);
          for (const type of WANTED) {
            const name = `${broadcast}-${type}`;
            const gaveUp = states.get(name)?.attempts === ORIGIN_LIMITS.jobAttempts;
            expect(scene.made.has(name) || gaveUp, name).toBe(true);
          }
        }
        const ids = [...scene.made, ...scene.files()].map((name) =>
          Number(/(\d+)[-.]/.exec(name)?.[1]),
        );
        for (const id of ids) expect(scene.broadcasts.has(id), String(id)).toBe(true);
        for (const [name, times] of scene.times) expect(times, name).toBe(1);
      } finally {
        scene.remove();
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);

it('ORG-23 what was remembered last counts, also after a death in the middle of writing; what is damaged begins anew', async () => {
  const scene = new JobsScene();
  try {
    scene.up();
    scene.finish();
    await calm();
    scene.running[0]?.fail();
    await calm();
    scene.tear(1);
    scene.kill();
    scene.up();
    expect(scene.states().get('1-mp4')).toMatchObject({ state: 'running', attempts: 2 });
    scene.kill();
    scene.tear(1, true);
    scene.up();
    expect(scene.states().get('1-mp4')).toMatchObject({ state: 'running', attempts: 1 });
  } finally {
    scene.remove();
  }
});
