import { execFile } from 'node:child_process';

/** What wrk measured. */
export type WrkReading = {
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Connections, reads, writes, time-outs and statuses that failed. */
  readonly errors: number;
};

/**
 * Loads `urls`, all of one server, one after the other over `connections` connections that are kept open. Rejects when wrk is
 * missing or fails.
 */
export function runWrk(
  urls: readonly string[],
  plan: { readonly connections: number; readonly seconds: number; readonly script: string },
): Promise<WrkReading> {
  const [first = ''] = urls;
  const paths = urls.map((url) => new URL(url).pathname);
  const { connections, seconds, script } = plan;
  const args = [
    ...['-t', '1', '-c', `${connections}`, '-d', `${seconds}s`, '--timeout', '10s', '-s', script],
    ...[first, '--', ...paths],
  ];
  return new Promise((resolve, reject) => {
    execFile('wrk', args, { timeout: (seconds + 30) * 1000 }, (error, stdout, stderr) => {
      if (error !== null) {
        reject(new Error(`wrk: ${stderr || error.message}`, { cause: error }));
        return;
      }
      const reading = readWrk(stdout);
      if (reading === undefined) reject(new Error(`wrk said ${stdout}`));
      else resolve(reading);
    });
  });
}

/** The line that the script writes at the end; undefined for anything else. */
export function readWrk(output: string): WrkReading | undefined {
  const [, requests, bytes, micros, errors] =
    /^shoal requests=(\d+) bytes=(\d+) micros=(\d+) errors=(\d+)$/m.exec(output) ?? [];
  if (micros === undefined || Number(micros) === 0) return undefined;
  return {
    requests: Number(requests),
    bytes: Number(bytes),
    seconds: Number(micros) / 1e6,
    errors: Number(errors),
  };
}

/** Takes the paths in turn, and says at the end what was measured, in a line that {@link readWrk} reads. */
export const WRK_SCRIPT = `
local paths = {}
local at = 0
function init(args)
  for i = 1, #args do paths[i] = args[i] end
end
function request()
  at = at % #paths + 1
  return wrk.format('GET', paths[at])
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\nshoal requests=%d bytes=%d micros=%d errors=%d\\n', summary.requests, summary.bytes,
    summary.duration, e.connect + e.read + e.write + e.status + e.timeout))
end
`;
