/** Why the demo could not start; codes are never reused. */
export type DemoErrorCode =
  'port-in-use' | 'data-dir-in-use' | 'ffmpeg-missing' | 'pages-failed' | 'start-failed';

const EXIT_CODES: Readonly<Record<DemoErrorCode, number>> = {
  'port-in-use': 2,
  'data-dir-in-use': 2,
  'ffmpeg-missing': 3,
  'pages-failed': 1,
  'start-failed': 1,
};

/** A failure that its message explains in full: it is shown without a stack trace. */
export class DemoError extends Error {
  readonly code: DemoErrorCode;

  constructor(code: DemoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DemoError';
    this.code = code;
  }

  /** 2 when an option has to change, 3 when something has to be installed, else 1. */
  get exitCode(): number {
    return EXIT_CODES[this.code];
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
