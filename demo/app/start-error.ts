import type { DemoConfig } from './config.ts';
import { DemoError, messageOf } from './errors.ts';
import { VALUE_OPTIONS } from './options.ts';

/** Which options a part's ports come from. */
const PORT_OPTIONS = {
  origin: ['httpPort', 'rtmpPort', 'rtmpsPort', 'srtPort'],
  tracker: ['trackerPort'],
  service: ['httpPort'],
} as const;

/** The part of the demo that did not start. */
export type Part = keyof typeof PORT_OPTIONS;

/** Turns what a part threw while it started into one message that says what to do. */
export function explainStartError(error: unknown, part: Part, config: DemoConfig): DemoError {
  if (error instanceof DemoError) return error;
  const code = codeOf(error);
  const message = messageOf(error);
  if (code === 'port-in-use') {
    // The parts know nothing of our options; their message names the port, and no two are the same.
    const ports = { ...config, rtmpsPort: config.rtmps?.port };
    const option =
      PORT_OPTIONS[part].find((name) => new RegExp(`\\bport ${ports[name]}\\b`).test(message)) ??
      PORT_OPTIONS[part][0];
    const { flag, variable } = VALUE_OPTIONS[option];
    const any = option === 'srtPort' ? '' : ' (0 takes any free one)';
    return new DemoError(
      'port-in-use',
      `Port ${ports[option]} is taken. Choose another with --${flag} PORT or ${variable}=PORT${any}.`,
      { cause: error },
    );
  }
  if (code === 'data-dir-in-use') {
    const { flag, variable } = VALUE_OPTIONS.dataDir;
    return new DemoError(
      'data-dir-in-use',
      `The data folder ${config.dataDir} is in use: another one runs already. Stop that one, or choose another folder with --${flag} FOLDER or ${variable}=FOLDER.`,
      { cause: error },
    );
  }
  if (code === 'ffmpeg-missing' || code === 'ffmpeg-unfit')
    return new DemoError('ffmpeg-missing', message, { cause: error });
  const name = part === 'service' ? 'broadcast service' : part;
  return new DemoError('start-failed', `The ${name} did not start: ${message}`, { cause: error });
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
