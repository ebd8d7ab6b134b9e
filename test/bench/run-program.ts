import { type Result } from '@shoal/protocol';

/** A program with options: what it says of them, how it reads them, and what it does, resolving with its exit code. */
export type Program<Options> = {
  readonly help: string;
  /** `undefined` for `--help`, an error in words for what makes no sense. */
  readonly read: (args: readonly string[]) => Result<Options | undefined, string>;
  readonly run: (options: Options) => Promise<number>;
};

/** Runs a program with the arguments of this process; exit code 2 for options that make no sense. */
export async function runProgram<Options>({ help, read, run }: Program<Options>): Promise<void> {
  const options = read(process.argv.slice(2));
  if (!options.ok) {
    process.stderr.write(`${options.error}\n\n${help}`);
    process.exitCode = 2;
  } else if (options.value === undefined) process.stdout.write(help);
  else process.exitCode = await run(options.value);
}
