import { parseArgs, type ParseArgsConfig } from 'node:util';
import { err, ok, type Result } from '@shoal/protocol';

type Flags = NonNullable<ParseArgsConfig['options']>;
/** The values of flags as the command line has them. */
export type FlagValues<F extends Flags> = ReturnType<typeof parseArgs<{ options: F }>>['values'];

/** Reads a command line, or says what in it is no such flag or lacks its value. */
export function readFlags<F extends Flags>(
  args: readonly string[],
  options: F,
): Result<FlagValues<F>, string> {
  try {
    return ok(parseArgs({ args: [...args], options }).values);
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}
