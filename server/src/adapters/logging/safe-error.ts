import { ServiceError } from '../../service-error.ts';
import { OriginError } from '../../errors.ts';

/** What a log says of an error. */
export type SafeError = {
  readonly type: string;
  /** Of errors of ours and of the system alone. */
  readonly message?: string;
  /** As `ECONNREFUSED`, or of the database. */
  readonly code?: string;
  /** Where it was thrown, without what was said. */
  readonly at?: readonly string[];
  readonly cause?: SafeError;
};

/** Frames that are logged. */
const FRAMES = 12;
/** Causes of causes that are logged. */
const DEPTH = 4;
const NAME = /^[\w.$-]{1,64}$/;
const FRAME = /^\s+at /;

/**
 * What a log may say of an error (OPS-2). Messages of libraries, and what hangs on their errors, have values in them: parameters of SQL,
 * the text that is no JSON, a URL with its password. So only what is known to have none is taken: the kind, the code, the places in the
 * source, and the messages of errors of ours and of the operating system.
 */
export function safeError(error: unknown, depth = 0): SafeError {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = codeOf(error);
  const at = framesOf(error)
    .filter((line) => FRAME.test(line))
    .slice(0, FRAMES)
    .map((line) => line.trim());
  const told = mayBeTold(error);
  return {
    type: kindOf(error),
    ...(told && { message: error.message }),
    ...(code !== undefined && { code }),
    ...(at.length > 0 && { at }),
    ...(error.cause !== undefined && depth < DEPTH && { cause: safeError(error.cause, depth + 1) }),
  };
}

/** Why something is not as it should be, in words that repeat nothing: for logs that take a text. */
export function safeReason(error: unknown): string {
  const { type, code, message } = safeError(error);
  return message ?? (code === undefined ? type : `${type} (${code})`);
}

/** Errors of system calls say which call, and which address or file of ours. */
function mayBeTold(error: Error): boolean {
  if (error instanceof ServiceError || error instanceof OriginError) return true;
  return 'syscall' in error && typeof error.syscall === 'string' && codeOf(error) !== undefined;
}

/** What comes after the message, whose lines may look like frames; nothing where it is not known where that ends. */
function framesOf({ stack = '', message }: Error): readonly string[] {
  const at = stack.indexOf(message);
  return at < 0 ? [] : stack.slice(at + message.length).split('\n');
}

/** Many classes of errors do not say their name, but have one. */
function kindOf(error: Error): string {
  const name = /^error$/i.test(error.name) ? error.constructor.name : error.name;
  return NAME.test(name) ? name : 'Error';
}

function codeOf(error: Error): string | undefined {
  if (!('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && NAME.test(code) ? code : undefined;
}
