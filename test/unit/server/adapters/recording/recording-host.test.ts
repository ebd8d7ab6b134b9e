import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mediaPaths } from '@shoal/server/core';
import { until } from '../../../../support/until.ts';
import { channelId } from '../../../../support/builders.ts';
import { type Listed, listedIn, RecordingScene } from './recording-scene.ts';

type Act = { readonly act: string; readonly by: number };

const acts = fc.array(
  fc.record({
    act: fc.constantFrom(
      ...(['segment', 'segment', 'segment', 'segment', 'segments'] as const),
      ...(['leave', 'end', 'close', 'kill', 'tear', 'wait', 'wait long'] as const),
      ...(['succeed', 'succeed', 'flush', 'flush', 'fail', 'fail late', 'product'] as const),
    ),
    by: fc.nat(1_000),
  }),
  { minLength: 20, maxLength: 60 },
);

async function perform(scene: RecordingScene, { act, by }: Act): Promise<void> {
  const { operations } = scene.store;
  const operation = operations[by % Math.max(1, operations.length)];
  switch (act) {
    case 'segments':
      for (let i = 0; i < 8; i++) scene.segment();
      break;
    case 'segment':
      scene.segment();
      break;
    case 'leave':
      scene.leave('for now');
      break;
    case 'end':
      scene.leave('ends');
      break;
    case 'close':
      scene.leave('closes');
      break;
    case 'wait':
      scene.advance(by);
      break;
    case 'wait long':
      scene.advance(by * 100);
      break;
    case 'succeed':
      operation?.succeed();
      break;
    case 'fail':
      operation?.fail(false);
      break;
    case 'fail late':
      operation?.fail(true);
      break;
    case 'product':
      scene.product(by);
      break;
    case 'flush':
      await scene.flush();
      break;
    default:
      scene.kill(act === 'tear');
      await scene.up(by % 2 === 0 ? {} : { keepMs: Infinity, keepBytes: Infinity });
  }
  await scene.calm();
}

/** Watches a DVR playlist as a player does: numbers run on, and what was listed stays what it is. */
class DvrWatch {
  readonly #seen = new Map<number, Listed>();
  readonly problems: string[] = [];

  observe(text: string | undefined): void {
    if (text === undefined) return;
    const first = Number(/^#EXT-X-MEDIA-SEQUENCE:(\d+)$/m.exec(text)?.[1]);
    listedIn(text).forEach((listed, i) => {
      const msn = first + i;
      const known = this.#seen.get(msn);
      if (!listed.uri.endsWith(`-${msn}.m4s`)) this.problems.push(`${listed.uri} at ${msn}`);
      if (known === undefined) this.#seen.set(msn, listed);
      else if (known.uri !== listed.uri || known.gap !== listed.gap)
        this.problems.push(`${JSON.stringify(known)} became ${JSON.stringify(listed)}`);
    });
  }
}

describe('a recording over any history of publishers, failures of the store and deaths of the process', () => {
  it.each([
    { name: 'keeping all', options: {} },
    { name: 'keeping 30 s', options: { keepMs: 30_000 } },
    { name: 'keeping 1 MB', options: { keepBytes: 1_000_000 } },
    { name: 'keeping the DVR window', options: { vod: false, keepMs: 40_000 } },
  ])(
    'ORG-13 ORG-16 $name: nothing that is listed is missing, and nothing of what was deleted remains',
    async ({ options }) => {
      await fc.assert(
        fc.asyncProperty(acts, async (history) => {
          const scene = new RecordingScene(options);
          try {
            const watch = new DvrWatch();
            await scene.up();
            for (const act of history) {
              await perform(scene, act);
              watch.observe(scene.dvr('source'));
              expect(scene.missing()).toEqual([]);
            }
            expect(watch.problems).toEqual([]);
            scene.leave('closes');
            await scene.flush();
            scene.kill(false);
            await scene.up();
            const left = async (): Promise<readonly unknown[]> => [
              ...(await unknownFiles(scene)),
              ...('vod' in options ? scene.journals.journals() : []),
            ];
            // On a busy machine a journal takes longer to be read than a flush waits.
            for (let i = 0; i < 5 || (i < 50 && (await left()).length > 0); i++) {
              await scene.flush();
              scene.advance(30_000);
            }
            await scene.flush();
            expect(scene.missing()).toEqual([]);
            expect(await left()).toEqual([]);
          } finally {
            scene.close();
          }
        }),
        { numRuns: 30 },
      );
    },
    60_000,
  );
});

it('ORG-16 ORG-17 a deletion that had begun is done after a restart, whatever is to be kept by then', async () => {
  const scene = new RecordingScene({ keepMs: 30_000 });
  try {
    await scene.up();
    for (let i = 0; i < 3; i++) scene.segment();
    scene.leave('closes');
    await scene.flush();
    expect(scene.host.list()).toMatchObject([{ state: 'closed', segments: 3, gaps: 0 }]);
    scene.advance(30_000);
    // The list of broadcasts, three playlists, and some of the media.
    for (let i = 0; i < 6; i++) {
      await scene.calm();
      await until(() => scene.store.operations.length > 0, { what: 'the deletion to go on' });
      scene.store.operations[0]?.succeed();
    }
    scene.kill(false);
    await scene.up({ keepMs: Infinity });
    expect(scene.host.list()).toEqual([]);
    await scene.flush();
    expect([...scene.store.files.keys()]).toEqual(['/live/demo/recordings.json']);
    expect(scene.journals.journals()).toEqual([]);
  } finally {
    scene.close();
  }
});

/** Files in the store that are of no broadcast that is there. */
async function unknownFiles(scene: RecordingScene): Promise<readonly string[]> {
  const unknown = new Set(scene.store.files.keys());
  unknown.delete('/live/demo/recordings.json');
  for (const id of scene.journals.journals()) {
    unknown.delete(`/live/demo/${id}.mp4`);
    for (const folder of ['', 'source/', '360p/'])
      unknown.delete(`/live/demo/${folder}${id}-vod.m3u8`);
    for await (const record of scene.journals.read(id))
      if (record.type === 'segment')
        for (const path of mediaPaths(channelId(), record, new Set())) unknown.delete(path);
  }
  return [...unknown];
}
