import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findFfmpeg } from '@shoal/server';

/** A packet of the picture in a file. Seconds. */
export type Packet = { readonly pts: number; readonly key: boolean };

/** Decodes a whole file; returns what ffmpeg complains about. */
export async function decode(file: Uint8Array): Promise<string> {
  return (await run(file, ['-v', 'warning', '-i', 'pipe:0', '-f', 'null', '-'])).said;
}

/** The packets of the picture, in the order of decoding. */
export async function packets(file: Uint8Array): Promise<readonly Packet[]> {
  const copy = ['-map', '0:v:0', '-c', 'copy', '-copyts', '-f', 'framecrc', '-'];
  const { out } = await run(file, ['-v', 'error', '-i', 'pipe:0', ...copy]);
  const [, num = '1', den = '1'] = /^#tb 0: (\d+)\/(\d+)$/m.exec(out) ?? [];
  return out
    .split('\n')
    .filter((line) => line.startsWith('0,'))
    .map((line) => {
      const [, , pts = '', , , , flags] = line.split(',').map((field) => field.trim());
      return { pts: (Number(pts) * Number(num)) / Number(den), key: flags !== 'F=0x0' };
    });
}

/** Plays a playlist to its end; returns how many pictures there were, and what ffmpeg complains about. */
export async function play(
  url: string,
): Promise<{ readonly frames: number; readonly said: string }> {
  const copy = ['-map', '0:v:0', '-c', 'copy', '-f', 'framecrc', '-'];
  const decoded = ['-map', '0', '-f', 'null', '-'];
  const none = new Uint8Array(0);
  const { said } = await run(none, ['-v', 'warning', '-i', url, ...decoded]);
  const { out } = await run(none, ['-v', 'error', '-i', url, ...copy]);
  return { frames: out.split('\n').filter((line) => line.startsWith('0,')).length, said };
}

async function run(
  file: Uint8Array,
  args: readonly string[],
): Promise<{ readonly out: string; readonly said: string }> {
  const { path } = await findFfmpeg();
  const process = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let [out, said] = ['', ''];
  process.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  process.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  // One that has seen enough does not read to the end.
  process.stdin.on('error', () => undefined);
  process.stdin.end(file);
  await once(process, 'close');
  return { out, said };
}
