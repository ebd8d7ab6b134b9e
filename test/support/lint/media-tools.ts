import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { findFfmpeg, type FoundFfmpeg } from '@shoal/server';

/** What a program wrote. */
export type Said = { readonly out: Uint8Array; readonly said: string };

/** Runs a program with `input` as its standard input. */
export async function runTool(
  path: string,
  args: readonly string[],
  input: Uint8Array,
): Promise<Said> {
  const process = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  let said = '';
  process.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  process.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  // One that has seen enough does not read to the end.
  process.stdin.on('error', () => undefined);
  process.stdin.end(input);
  await once(process, 'close');
  return { out: Buffer.concat(out), said };
}

let found: Promise<FoundFfmpeg> | undefined;

/** Looked for once: that takes three processes. */
function ffmpeg(): Promise<FoundFfmpeg> {
  return (found ??= findFfmpeg());
}

/** Runs ffmpeg on a file; see {@link runTool}. */
export async function runFfmpeg(file: Uint8Array, args: readonly string[]): Promise<Said> {
  const { path } = await ffmpeg();
  return runTool(path, args, file);
}

/** The ffprobe beside the ffmpeg that is used, or else on the PATH; undefined where there is none: the ffmpeg that npm brings has none. */
export async function findFfprobe(): Promise<string | undefined> {
  const { path } = await ffmpeg();
  const name = process.platform === 'win32' ? 'ffprobe.exe' : 'ffprobe';
  const folders = [dirname(path), ...(process.env['PATH'] ?? '').split(delimiter)];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}
