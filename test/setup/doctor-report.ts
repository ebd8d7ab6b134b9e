/** One thing that was looked at. */
export type Check = {
  readonly name: string;
  /** `warning`: it works, or can be made to with an option; `missing`: it does not. */
  readonly state: 'ok' | 'warning' | 'missing';
  readonly found: string;
  /** What to do about it, in as many lines as it needs. */
  readonly advice?: string;
};

const MARKS: Readonly<Record<Check['state'], string>> = {
  ok: 'ok',
  warning: 'note',
  missing: 'MISSING',
};

/** The table for people, advice below it. */
export function reportLines(checks: readonly Check[]): readonly string[] {
  const width = Math.max(...checks.map((check) => check.name.length)) + 2;
  const advice = checks.filter((check) => check.advice !== undefined);
  return [
    ...checks.map(
      (check) => `${MARKS[check.state].padEnd(9)}${check.name.padEnd(width)}${check.found}`,
    ),
    ...advice.flatMap((check) => ['', `${check.name}: ${check.advice ?? ''}`]),
    '',
    isReady(checks) ? 'All that is needed is there.' : 'Something that is needed is missing.',
  ];
}

/** The same for programs. */
export function reportJson(checks: readonly Check[]): string {
  return JSON.stringify({ ready: isReady(checks), checks });
}

/** True when nothing that is needed is missing. */
export function isReady(checks: readonly Check[]): boolean {
  return checks.every((check) => check.state !== 'missing');
}

/** Whether a version such as `20.19.4` is at least `least`. */
export function isAtLeast(version: string, least: string): boolean {
  const [have, need] = [version, least].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (have?.[i] ?? 0) - (need?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
