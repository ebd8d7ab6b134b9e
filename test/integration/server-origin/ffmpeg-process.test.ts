import { randomBytes } from 'node:crypto';
import type { Encoder } from '@shoal/server/core';
import { findFfmpeg } from '@shoal/server';
import { afterEach, describe, expect, it } from 'vitest';
import { startFfmpeg } from '../../../server/src/adapters/encoder/ffmpeg-process.ts';
import { pause, until } from '../../support/until.ts';

const PICTURE = { width: 320, height: 240, frames: 250 };
/** Noise, which takes an encoder the longest. */
const frame = randomBytes((PICTURE.width * PICTURE.height * 3) / 2);

type Run = { readonly encoder: Encoder; bytes: number; ended: string | undefined };

const running: Run[] = [];

afterEach(async () => {
  for (const { encoder } of running) encoder.kill();
  await until(() => running.every(({ ended }) => ended !== undefined), { what: 'their end' });
  running.length = 0;
});

/** An encoder that is given more than it can take at once, and no more after that. */
async function finishing(): Promise<Run> {
  const { path } = await findFfmpeg();
  const size = `${PICTURE.width}x${PICTURE.height}`;
  const call = {
    ...{ inputFormat: 'rawvideo', outputFormat: 'mpegts' },
    input: [['-pixel_format', 'yuv420p'] as const, ['-video_size', size] as const],
    output: [
      ...([
        ['-c:v', 'libx264'],
        ['-preset', 'veryslow'],
        ['-threads', '1'],
      ] as const),
      ...([
        ['-rc-lookahead', '1'],
        ['-bf', '0'],
        ['-flush_packets', '1'],
      ] as const),
    ],
  };
  const run: { bytes: number; ended: string | undefined } = { bytes: 0, ended: undefined };
  const encoder = startFfmpeg(
    { path, call, onLog: () => undefined },
    {
      onData: (bytes) => {
        run.bytes += bytes.length;
      },
      onDrain: () => undefined,
      onExit: (detail) => {
        run.ended = detail;
      },
    },
  );
  const made = Object.assign(run, { encoder });
  running.push(made);
  for (let i = 0; i < PICTURE.frames; i++) encoder.write(frame);
  await until(() => encoder.pid() !== undefined, { what: 'ffmpeg to start' });
  encoder.finish();
  return made;
}

describe('an encoder whose publisher has left', () => {
  it('ORG-9 has the time it needs, as long as it gets on', async () => {
    const undisturbed = await finishing();
    await until(() => undisturbed.ended !== undefined, { what: 'its end', timeoutMs: 60_000 });
    const slow = await finishing();
    // A machine that gives it hardly any time, for longer than the two seconds in which nothing may come.
    for (let turn = 0; turn < 5 && slow.ended === undefined; turn++) {
      const pid = slow.encoder.pid();
      if (pid === undefined) break;
      process.kill(pid, 'SIGSTOP');
      await pause(1_000);
      const before = slow.bytes;
      process.kill(pid, 'SIGCONT');
      await until(() => slow.bytes > before || slow.ended !== undefined, { what: 'more of it' });
    }
    await until(() => slow.ended !== undefined, { what: 'its end', timeoutMs: 60_000 });
    expect(slow.bytes).toBe(undisturbed.bytes);
    expect(slow.ended).toMatch(/^end of input/);
  });

  it('ORG-9 is killed when it does nothing any more', async () => {
    const hung = await finishing();
    const pid = hung.encoder.pid();
    if (pid !== undefined) process.kill(pid, 'SIGSTOP');
    await until(() => hung.ended !== undefined, { what: 'its end', timeoutMs: 20_000 });
    expect(hung.ended).toMatch(/SIGKILL/);
  });
});
