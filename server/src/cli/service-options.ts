import { parseArgs } from 'node:util';
import { err, ok, type Result } from '@shoal/protocol';
import { PLAYBACK_FLAGS, readPlaybackFlags } from './playback-flags.ts';
import { type ServiceOptions } from '../service/options.ts';

/** What the command line of `shoal-service` asks for. */
export type ServiceCommand =
  | { readonly type: 'help' }
  | { readonly type: 'run'; readonly options: ServiceOptions; readonly json: boolean };

const LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

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
        ...{ host: text, port: text, database: text, 'log-level': text },
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
  const logLevel = LEVELS.find((known) => known === level);
  const playback = readPlaybackFlags(value, env);
  const problems = [
    ...(playback.ok ? [] : playback.error),
    ...(/^\d{1,5}$/.test(port) && Number(port) <= 65_535 ? [] : [`--port is ${port}: not a port`]),
    ...(logLevel === undefined ? [`--log-level is none of ${LEVELS.join(', ')}`] : []),
  ];
  if (problems.length > 0 || logLevel === undefined || !playback.ok) return err(problems);
  const url = env['DATABASE_URL'];
  return ok({
    type: 'run',
    json: given['json'] === true,
    options: {
      http: { host: value('host'), port: Number(port) },
      // A password is in it, so that it is no flag.
      database: url ? { type: 'postgres', url } : { type: 'sqlite', file: value('database') },
      logLevel,
      ...playback.value,
      ...(given['allow-http-webhooks'] === true && { webhooks: { allowHttp: true } }),
    },
  });
}

/** Text of `--help`. */
export function serviceHelp(): string {
  const rows = Object.entries(FLAGS).map(
    ([flag, { variable, fallback, what }]) =>
      `  --${flag.padEnd(14)} ${variable.padEnd(26)} ${fallback.padEnd(22)} ${what}`,
  );
  return `shoal-service [options]

Runs the broadcast service: channels, chat, alerts and webhooks by REST (/v1, /openapi.json) and WebSocket (/v1/events).
At the first start it makes the operator's token and prints it, once.

${rows.join('\n')}
  --allow-http-webhooks  webhooks may have URLs without TLS
  --json                 print what was started as a line of JSON
  --help

SHOAL_SERVICE_ICE_SERVERS has the ICE servers that players are told, as JSON: [{"urls":"turn:…","username":…,"credential":…}].
DATABASE_URL=postgres://… takes PostgreSQL instead of the file.`;
}
