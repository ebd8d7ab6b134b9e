import { describe, expect, it } from 'vitest';
import { add, NO_TESTS, totalsLine, totalsOf } from '../../setup/test-totals.ts';

const report = (fields: Readonly<Record<string, unknown>>): string => JSON.stringify(fields);

describe('the totals of npm test', () => {
  it('takes the counts of the JSON report', () => {
    const text = report({
      numPassedTests: 5,
      numFailedTests: 2,
      numPendingTests: 1,
      numTodoTests: 1,
    });
    expect(totalsOf({ exitCode: 1, report: text })).toEqual({ passed: 5, failed: 2, skipped: 2 });
  });

  it('counts a file that could not be loaded as a failure', () => {
    const text = report({
      numPassedTests: 5,
      numFailedTests: 1,
      testResults: [
        { status: 'failed', assertionResults: [] },
        { status: 'failed', assertionResults: [{ status: 'failed' }] },
        { status: 'passed', assertionResults: [{ status: 'passed' }] },
      ],
    });
    expect(totalsOf({ exitCode: 1, report: text }).failed).toBe(2);
  });

  it('counts a run that ended badly without a failed test as a failure', () => {
    const clean = report({ numPassedTests: 3, numFailedTests: 0, testResults: [] });
    expect(totalsOf({ exitCode: 1, report: clean })).toEqual({ passed: 3, failed: 1, skipped: 0 });
    expect(totalsOf({ exitCode: 1, report: undefined }).failed).toBe(1);
    expect(totalsOf({ exitCode: 1, report: 'not json' }).failed).toBe(1);
    expect(totalsOf({ exitCode: 1, report: 'null' }).failed).toBe(1);
  });

  it('counts a project without tests as nothing at all', () => {
    expect(totalsOf({ exitCode: 0, report: undefined })).toEqual(NO_TESTS);
  });

  it('adds up the runs to one line', () => {
    const sum = add({ passed: 2, failed: 1, skipped: 3 }, { passed: 40, failed: 0, skipped: 0 });
    expect(totalsLine(sum)).toBe('42 passed, 1 failed');
    expect(sum.skipped).toBe(3);
  });
});
