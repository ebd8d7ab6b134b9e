import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian keeps the programs of each version, which are not in the PATH. */
const DEBIAN = '/usr/lib/postgresql';

/** The folder with `initdb` and `postgres`; undefined where PostgreSQL is not installed. */
export function findPostgres(): string | undefined {
  if (process.env['SHOAL_TEST_POSTGRES'] === 'off') return undefined;
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const folders = [
    ...versions
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')));
}
