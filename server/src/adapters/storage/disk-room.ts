import { statfs } from 'node:fs/promises';
import { ORIGIN_LIMITS } from '../../core/index.ts';

/** Rejects unless so many bytes fit into a folder's file system, with some room left for what is live. */
export async function expectRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free < bytes + ORIGIN_LIMITS.diskFreeBytes)
    throw new Error(`the disk has no room: ${bytes} bytes wanted, ${free} free`);
}
