import { readdir, readFile } from 'node:fs/promises';

/** USER_HZ, the unit of /proc/PID/stat: 100 a second on every Linux. */
const TICK_MS = 10;
const LOOK_MS = 1_000;

/** CPU time of the browsers that this process has started. */
export type CpuMeter = {
  /** Milliseconds since the start; undefined where there is no /proc. */
  readonly stop: () => Promise<number | undefined>;
};

type ProcessTime = { readonly parent: number; readonly name: string; readonly ms: number };

/** Starts to count. Processes that end are counted as they were a second before at the latest. */
export async function startCpuMeter(): Promise<CpuMeter> {
  const first = await browserTimes();
  const last = new Map(first);
  const look = async (): Promise<void> => {
    for (const [pid, ms] of await browserTimes()) last.set(pid, ms);
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await look();
      if (last.size === 0) return undefined;
      let ms = 0;
      for (const [pid, time] of last) ms += time - (first.get(pid) ?? 0);
      return ms;
    },
  };
}

/** CPU time by pid of the Chromium processes below this one. */
async function browserTimes(): Promise<ReadonlyMap<number, number>> {
  const processes = await readProcesses();
  const isOurs = (pid: number): boolean => {
    let at: number | undefined = pid;
    while (at !== undefined && at > 1) {
      if (at === process.pid) return true;
      at = processes.get(at)?.parent;
    }
    return false;
  };
  const times = new Map<number, number>();
  for (const [pid, { name, ms }] of processes)
    if (/chrom/i.test(name) && isOurs(pid)) times.set(pid, ms);
  return times;
}

async function readProcesses(): Promise<ReadonlyMap<number, ProcessTime>> {
  const names = await readdir('/proc').catch(() => []);
  const processes = new Map<number, ProcessTime>();
  await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => {
        // Gone in between: not there.
        const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
        const time = parseProcStat(stat);
        if (time !== undefined) processes.set(Number(name), time);
      }),
  );
  return processes;
}

/** Reads /proc/PID/stat (proc(5)): name, parent and CPU time, user and system; undefined for anything else. */
export function parseProcStat(stat: string): ProcessTime | undefined {
  // The name stands in brackets and may contain anything.
  const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(stat) ?? [];
  if (name === undefined || rest === undefined) return undefined;
  const fields = rest.split(' ');
  const [parent, user, system] = [fields[1], fields[11], fields[12]].map(Number);
  if (parent === undefined || user === undefined || system === undefined) return undefined;
  const ms = (user + system) * TICK_MS;
  return Number.isFinite(ms) ? { parent, name, ms } : undefined;
}
