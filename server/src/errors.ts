/**
 * Why an origin could not start. Codes are never reused.
 * - `bad-options`: an option is out of its range; the message names it.
 * - `port-in-use`: another process listens there; the message names the port and the option.
 * - `listen-failed`: the address cannot be listened on for another reason.
 * - `data-dir`: the data folder cannot be used, or a file in it is damaged.
 * - `data-dir-in-use`: another origin of this machine runs on the data folder.
 * - `ffmpeg-missing`: no ffmpeg was found; the message says how to install one.
 * - `ffmpeg-unfit`: the ffmpeg that was named does not run, or lacks something.
 * - `ingest-failed`: the ingest process did not come up.
 * - `signing-keys`: the signing key of a channel cannot be rotated now; the message says why.
 * - `redis`: Redis cannot be reached, or does not answer in time.
 * - `storage`: a segment store cannot do what it was asked; the message says which one and what.
 */
export type OriginErrorCode =
  | 'bad-options'
  | 'port-in-use'
  | 'listen-failed'
  | 'data-dir'
  | 'data-dir-in-use'
  | 'ffmpeg-missing'
  | 'ffmpeg-unfit'
  | 'ingest-failed'
  | 'signing-keys'
  | 'redis'
  | 'storage';

/** An expected failure of {@link startOrigin}, of a running {@link Origin} or of {@link findFfmpeg}, for the operator to act on. */
export class OriginError extends Error {
  readonly code: OriginErrorCode;

  constructor(code: OriginErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OriginError';
    this.code = code;
  }

  /** For a data folder that cannot be used; a cause that says what is wrong itself is passed on. */
  static dataDir(folder: string, cause: unknown): OriginError {
    if (cause instanceof OriginError) return cause;
    return new OriginError('data-dir', `cannot use the folder ${folder}`, { cause });
  }

  /** For a failed listen: tells a taken port from other reasons. */
  static listening(
    what: {
      readonly option: string;
      readonly host: string;
      readonly port: number;
    },
    cause: { readonly code?: string | undefined; readonly message: string },
  ): OriginError {
    const where = `${what.host}:${what.port}`;
    return cause.code === 'EADDRINUSE'
      ? new OriginError(
          'port-in-use',
          `port ${what.port} is taken by another process; choose another one with the option ${what.option} (${where})`,
        )
      : new OriginError(
          'listen-failed',
          `cannot listen on ${where} (option ${what.option}): ${cause.message}`,
        );
  }
}
