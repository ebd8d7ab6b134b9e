import { readdirSync, readFileSync } from 'node:fs';
import { parseProcStat } from '../chromium/cpu-meter.ts';

/** CPU seconds that these processes have used so far, user and system. */
export function cpuSecondsOf(pids: readonly number[]): number {
  const ms = pids.reduce((sum, pid) => {
    const stat = parseProcStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return sum + (stat?.ms ?? 0);
  }, 0);
  return ms / 1000;
}

/** The processes that this one started. */
export function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        return parseProcStat(readFileSync(`/proc/${child}/stat`, 'utf8'))?.parent === pid;
      } catch {
        // It has left meanwhile.
        return false;
      }
    });
}
