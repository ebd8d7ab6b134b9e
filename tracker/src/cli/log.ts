import type { Log } from '../index.ts';
import type { LogLevel } from './options.ts';

const RANK: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

/** Writes lines for people, or JSON lines for programs; those above `most` are left out. */
export function lineLog(
  most: LogLevel,
  how: { readonly json: boolean; readonly write: (line: string) => void; readonly now: () => Date },
): Log {
  return (level, message, fields) => {
    if (RANK[level] > RANK[most]) return;
    const time = how.now().toISOString();
    if (how.json) how.write(JSON.stringify({ time, level, message, ...fields }));
    else {
      const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
      how.write(`${time} ${level.padEnd(5)} ${message}${rest.join('')}`);
    }
  };
}
