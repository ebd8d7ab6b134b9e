import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findFfmpeg } from '@shoal/server';
import {
  FLV_HEADER,
  FLV_TAG,
  sealTag,
  TAG_HEAD_BYTES,
  TAG_OVERHEAD_BYTES,
} from '@shoal/server/core';

/** An FLV file of so many seconds of a test picture, a key frame each second, and a tone. */
export async function makeFlv(size: string, seconds: number): Promise<Buffer> {
  const { path } = await findFfmpeg();
  const process = spawn(
    path,
    [
      ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=30:duration=${seconds}`],
      ...['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=44100:duration=${seconds}`],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', '-c:a', 'aac', '-f', 'flv', '-'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const parts: Buffer[] = [];
  process.stdout.on('data', (part: Buffer) => parts.push(part));
  await once(process, 'close');
  return Buffer.concat(parts);
}

/** Plays the files one after the other in one stream, as an encoder whose settings are changed while it publishes. */
export function joinFlv(files: readonly Buffer[]): Buffer {
  const parts: Uint8Array[] = [FLV_HEADER];
  let base = 0;
  for (const file of files) {
    let last = 0;
    for (let at = FLV_HEADER.length; at + TAG_OVERHEAD_BYTES <= file.length;) {
      const length = file.readUIntBE(at + 1, 3) + TAG_OVERHEAD_BYTES;
      const tag = Uint8Array.from(file.subarray(at, at + length));
      const time = file.readUIntBE(at + 4, 3);
      at += length;
      const type = tag[0] ?? 0;
      const endOfSequence = type === FLV_TAG.video && tag[TAG_HEAD_BYTES + 1] === 2;
      if (type === FLV_TAG.script || endOfSequence) continue;
      last = Math.max(last, time);
      parts.push(sealTag(tag, type, base + time));
    }
    base += last + 33;
  }
  return Buffer.concat(parts);
}
