/** Tests of one or more runs. */
export type Totals = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** No test at all. */
export const NO_TESTS: Totals = { passed: 0, failed: 0, skipped: 0 };

/** How one run of the test runner ended. */
export type FinishedRun = {
  /** 0 for success. */
  readonly exitCode: number;
  /** Content of the runner's JSON report; undefined when it wrote none. */
  readonly report: string | undefined;
};

/**
 * Counts one run. A file that could not be loaded counts as one failed test, and so does a run that
 * ended badly without any failed test, so that no failure is lost in the sum.
 */
export function totalsOf(run: FinishedRun): Totals {
  const report = run.report === undefined ? undefined : parseReport(run.report);
  const { passed, failed, skipped } = report ?? NO_TESTS;
  return { passed, skipped, failed: failed === 0 && run.exitCode !== 0 ? 1 : failed };
}

/** Adds two counts. */
export function add(a: Totals, b: Totals): Totals {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/** The last line of `npm test`. */
export function totalsLine(totals: Totals): string {
  return `${totals.passed} passed, ${totals.failed} failed`;
}

/** Reads the report of vitest's `json` reporter. */
function parseReport(text: string): Totals | undefined {
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch {
    return undefined;
  }
  const number = (name: string): number => {
    const value: unknown = field(report, name);
    return typeof value === 'number' ? value : 0;
  };
  const files = field(report, 'testResults');
  const unloaded = Array.isArray(files) ? files.filter(isUnloadedFile).length : 0;
  return {
    passed: number('numPassedTests'),
    failed: number('numFailedTests') + unloaded,
    skipped: number('numPendingTests') + number('numTodoTests'),
  };
}

/** A file that failed although none of its tests did: it did not load, or a hook of it failed. */
function isUnloadedFile(file: unknown): boolean {
  const tests = field(file, 'assertionResults');
  const failedTests = Array.isArray(tests)
    ? tests.filter((test) => field(test, 'status') === 'failed').length
    : 0;
  return field(file, 'status') === 'failed' && failedTests === 0;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}
