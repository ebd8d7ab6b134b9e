/** One call of the test runner. */
export type TestStage = {
  readonly title: string;
  /** Values of the runner's `--project`. */
  readonly projects: readonly string[];
  readonly needsChromium: boolean;
  readonly needsRedis: boolean;
  readonly needsFfmpeg: boolean;
  readonly wantsPostgres: boolean;
};

/** What `npm test -- …` was asked for. */
export type TestPlan = {
  /** Run one after the other, since the later ones want the machine for themselves. */
  readonly stages: readonly TestStage[];
  /** Handed on to the test runner. */
  readonly passedOn: readonly string[];
};

/** Projects of vitest.config.ts that run together. */
const QUICK = ['unit', 'contract', 'sim'];
/** Projects that run on their own afterwards. */
const SLOW = ['servers', 'integration', 'e2e'];

/** Of those, the ones that start a Redis. */
const WITH_REDIS = ['servers', 'integration'];

/** Every project that `npm test` runs. */
export const PROJECTS: readonly string[] = [...QUICK, ...SLOW];

/** Takes `--project NAME` out of the arguments; without it every project runs. */
export function planTests(args: readonly string[]): TestPlan {
  const chosen = new Set<string>();
  const passedOn: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--project') chosen.add(args[++i] ?? '');
    else if (arg.startsWith('--project=')) chosen.add(arg.slice('--project='.length));
    else passedOn.push(arg);
  }
  // A project that is not known here is left to the runner, which says what it has.
  const quick =
    chosen.size === 0 ? QUICK : [...chosen].filter((project) => !SLOW.includes(project));
  const slow = SLOW.filter((project) => chosen.size === 0 || chosen.has(project));
  return {
    stages: [
      ...(quick.length === 0 ? [] : [stage(quick)]),
      ...slow.map((project) => stage([project])),
    ],
    passedOn,
  };
}

function stage(projects: readonly string[]): TestStage {
  return {
    title: projects.join(', '),
    projects,
    needsChromium: projects.some((project) => SLOW.includes(project)),
    wantsPostgres: projects.includes('servers'),
    needsFfmpeg: projects.some((project) => SLOW.includes(project)),
    needsRedis: projects.some((project) => WITH_REDIS.includes(project)),
  };
}
