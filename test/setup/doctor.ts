import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { findFfmpeg } from '@shoal/server';
import { type Check, isAtLeast, isReady, reportJson, reportLines } from './doctor-report.ts';
import { findChromium } from './find-chromium.ts';
import { canInstall, howToInstall, thisMachine } from './install.ts';

const LEAST_NODE = '20.19.0';
const PORTS = [
  { port: 8080, use: 'pages', option: '--http-port or SHOAL_HTTP_PORT' },
  { port: 8081, use: 'tracker', option: '--tracker-port or SHOAL_TRACKER_PORT' },
  { port: 1935, use: 'RTMP', option: '--rtmp-port or SHOAL_RTMP_PORT' },
];

const HELP = `npm run doctor -- [--json]

Looks at what Shoal and its tests need on this machine: Node.js, npm, ffmpeg, Chromium and the
default ports. Changes nothing. Exit code 0 when all that is needed is there, else 1.
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(HELP);
    return 0;
  }
  const unknown = args.find((arg) => arg !== '--json');
  if (unknown !== undefined) {
    console.error(`Unknown argument ${unknown}. npm run doctor -- --help lists them.`);
    return 2;
  }
  const [npm, ffmpeg, chromium, ...ports] = await Promise.all([
    checkNpm(),
    checkFfmpeg(),
    checkChromium(),
    ...PORTS.map(checkPort),
  ]);
  const checks = [checkNode(), npm, ffmpeg, chromium, ...ports];
  console.log(args.includes('--json') ? reportJson(checks) : reportLines(checks).join('\n'));
  return isReady(checks) ? 0 : 1;
}

function checkNode(): Check {
  const found = process.versions.node;
  return isAtLeast(found, LEAST_NODE)
    ? { name: 'Node.js', state: 'ok', found }
    : {
        name: 'Node.js',
        state: 'missing',
        found,
        advice: `install Node.js ${LEAST_NODE} or newer from https://nodejs.org`,
      };
}

async function checkNpm(): Promise<Check> {
  // npm names itself to the scripts that it runs.
  const named = /^npm\/(\S+)/.exec(process.env['npm_config_user_agent'] ?? '')?.[1];
  const found = named ?? (await askNpm());
  return found === undefined
    ? { name: 'npm', state: 'missing', found: 'not found', advice: 'it comes with Node.js' }
    : { name: 'npm', state: 'ok', found };
}

async function askNpm(): Promise<string | undefined> {
  // On Windows npm is a script, which only a shell runs.
  const shell = process.platform === 'win32';
  return promisify(execFile)('npm', ['--version'], { shell }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

async function checkFfmpeg(): Promise<Check> {
  const name = 'ffmpeg';
  try {
    const { version, path, source } = await findFfmpeg();
    // It is only found when it has them.
    const found = `${version} from ${source}, with libx264 and AAC: ${path}`;
    return { name, state: 'ok', found };
  } catch (error) {
    const advice = error instanceof Error ? error.message : String(error);
    return { name, state: 'missing', found: 'none that can be used', advice };
  }
}

async function checkChromium(): Promise<Check> {
  const name = 'Chromium';
  const machine = thisMachine();
  const found = await findChromium(machine.env, machine.platform);
  if (found !== undefined)
    return {
      name,
      state: 'ok',
      found: `${found.version ?? 'version unknown'} from ${found.source}: ${found.path}`,
    };
  if (canInstall(machine) && !machine.env['CHROMIUM_PATH'])
    return { name, state: 'warning', found: 'not found; npm test will install it with apt-get' };
  return { name, state: 'missing', found: 'not found', advice: howToInstall(machine) };
}

async function checkPort(wanted: (typeof PORTS)[number]): Promise<Check> {
  const name = `Port ${wanted.port}`;
  const fault = await listenFault(wanted.port);
  return fault === undefined
    ? { name, state: 'ok', found: `free (${wanted.use})` }
    : {
        name,
        state: 'warning',
        found: `${fault} (${wanted.use})`,
        advice: `choose another with ${wanted.option}`,
      };
}

/** Why the port cannot be listened on now; undefined when it can. */
function listenFault(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'EADDRINUSE' ? 'taken' : error.message);
    });
    server.listen(port, '0.0.0.0', () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
}
