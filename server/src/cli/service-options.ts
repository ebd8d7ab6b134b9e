import { parseArgs } from 'node:util';
import { err, ok, type Result } from '@shoal/protocol';
import { PLAYBACK_FLAGS, readPlaybackFlags } from './playback-flags.ts';
import { type ServiceOptions } from '../service/options.ts';

/** What the command line of `shoal-service` asks for. */
export type ServiceCommand =
  | { readonly type: 'help' }
  | { readonly type: 'run'; readonly options: ServiceOptions; readonly json: boolean };

const LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/** Longest wait before the end. */
const DRAIN_MOST_S = 60;

const FLAGS = {
  host: { variable: 'SHOAL_SERVICE_HOST', fallback: '0.0.0.0', what: 'address to listen on' },
  port: {
    variable: 'SHOAL_SERVICE_PORT',
    fallback: '8082',
    what: 'port of API and events; 0: any',
  },
  database: {
    variable: 'SHOAL_SERVICE_DATABASE',
    fallback: './.shoal/service.db',
    what: 'file of the database, made when it is not there',
  },
  'metrics-port': {
    variable: 'SHOAL_SERVICE_METRICS_PORT',
    fallback: 'none',
    what: 'port of /metrics without a token; 0: any',
  },
  'metrics-host': {
    variable: 'SHOAL_SERVICE_METRICS_HOST',
    fallback: '127.0.0.1',
    what: 'address of that port',
  },
  'drain-seconds': {
    variable: 'SHOAL_SERVICE_DRAIN_SECONDS',
    fallback: '0',
    what: 'it goes on so long when it is to end, not ready',
  },
  ...PLAYBACK_FLAGS,
  'log-level': { variable: 'SHOAL_SERVICE_LOG_LEVEL', fallback: 'info', what: LEVELS.join(', ') },
} as const;

type Flag = keyof typeof FLAGS;

/** Reads arguments and environment; every problem is told. */
export function readServiceCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Result<ServiceCommand, readonly string[]> {
  let given: Readonly<Record<string, string | boolean | undefined>>;
  try {
    const text = { type: 'string' } as const;
    const switched = { type: 'boolean' } as const;
    given = parseArgs({
      args: [...args],
      options: {
        ...{ host: text, port: text, database: text, 'log-level': text, 'drain-seconds': text },
        ...{ 'metrics-port': text, 'metrics-host': text },
        ...{ 'origin-url': text, 'hls-url': text, trackers: text },
        ...{ json: switched, help: switched, 'allow-http-webhooks': switched },
      },
    }).values;
  } catch (error) {
    return err([error instanceof Error ? error.message : String(error)]);
  }
  if (given['help'] === true) return ok({ type: 'help' });
  const value = (flag: Flag): string => {
    const own = given[flag];
    return typeof own === 'string' ? own : (env[FLAGS[flag].variable] ?? FLAGS[flag].fallback);
  };
  const [port, level] = [value('port'), value('log-level')];
  const [metrics, drain] = [value('metrics-port'), value('drain-seconds')];
  const logLevel = LEVELS.find((known) => known === level);
  const playback = readPlaybackFlags(value, env);
  const problems = [
    ...(playback.ok ? [] : playback.error),
    ...(isPort(port) ? [] : [`--port is ${port}: not a port`]),
    ...(metrics === 'none' || isPort(metrics) ? [] : [`--metrics-port is ${metrics}: not a port`]),
    ...(/^\d{1,2}$/.test(drain) && Number(drain) <= DRAIN_MOST_S
      ? []
      : [`--drain-seconds is ${drain}: not from 0 to ${DRAIN_MOST_S}`]),
    ...(logLevel === undefined ? [`--log-level is none of ${LEVELS.join(', ')}`] : []),
  ];
  if (problems.length > 0 || logLevel === undefined || !playback.ok) return err(problems);
  const { DATABASE_URL: url, REDIS_URL: redis, SHOAL_SERVICE_ADMIN_TOKEN: adminToken } = env;
  return ok({
    type: 'run',
    json: given['json'] === true,
    options: {
      http: { host: value('host'), port: Number(port) },
      // A password is in it, so that it is no flag.
      database: url ? { type: 'postgres', url } : { type: 'sqlite', file: value('database') },
      ...(redis ? { redis } : {}),
      ...(adminToken ? { adminToken } : {}),
      logLevel,
      processMetrics: true,
      drainMs: Number(drain) * 1_000,
      ...(metrics !== 'none' && {
        metrics: { host: value('metrics-host'), port: Number(metrics) },
      }),
      ...playback.value,
      ...(given['allow-http-webhooks'] === true && { webhooks: { allowHttp: true } }),
    },
  });
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
}

/** Text of `--help`. */
export function serviceHelp(): string {
  const rows = Object.entries(FLAGS).map(
    ([flag, { variable, fallback, what }]) =>
      `  --${flag.padEnd(14)} ${variable.padEnd(28)} ${fallback.padEnd(22)} ${what}`,
  );
  return `shoal-service [options]

Runs the broadcast service: channels, chat, alerts and webhooks by REST (/v1, /openapi.json) and WebSocket (/v1/events).
At the first start it makes the operator's token and prints it, once, unless SHOAL_SERVICE_ADMIN_TOKEN has one (20 to 200 of A-Z a-z 0-9 _ -).

${rows.join('\n')}
  --allow-http-webhooks  webhooks may have URLs without TLS
  --json                 print what was started as a line of JSON
  --help

On the port: /v1, /openapi.json, /healthz, /readyz, and with the operator's token /metrics. Logs are JSON lines on standard output.
SHOAL_SERVICE_ICE_SERVERS has the ICE servers that players are told, as JSON: [{"urls":"turn:…","username":…,"credential":…}].
DATABASE_URL=postgres://… takes PostgreSQL instead of the file.
REDIS_URL=redis://… is what several processes with one PostgreSQL tell each other over.`;
}
