import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const TOKEN = /^[A-Za-z0-9_-]{20,200}$/;
const OWNER_ONLY = 0o600;

/**
 * The token that the printed address of the overlay has, from `dataDir/overlay-token`; made when it is not there, or no token. It stays the
 * same over restarts, since streaming software keeps that address.
 */
export async function loadOverlayToken(dataDir: string): Promise<string> {
  const path = join(dataDir, 'overlay-token');
  const kept = (await readFile(path, 'utf8').catch(() => '')).trim();
  if (TOKEN.test(kept)) return kept;
  const token = randomBytes(24).toString('base64url');
  const draft = `${path}.draft`;
  await writeFile(draft, `${token}\n`, { mode: OWNER_ONLY });
  await rename(draft, path);
  return token;
}
