import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { planTests, PROJECTS } from '../../setup/test-plan.ts';

const projects = (args: readonly string[]): readonly (readonly string[])[] =>
  planTests(args).stages.map((stage) => stage.projects);

describe('the plan of npm test', () => {
  it('runs every project, the slow ones last and on their own', () => {
    expect(projects([])).toEqual([
      ['unit', 'contract', 'sim'],
      ['servers'],
      ['integration'],
      ['e2e'],
    ]);
  });

  it('leaves out no project of vitest.config.ts', async () => {
    const config = await readFile(new URL('../../../vitest.config.ts', import.meta.url), 'utf8');
    const names = [...config.matchAll(/\bname: '([^']+)'/g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(3);
    expect(PROJECTS).toEqual(expect.arrayContaining(names));
  });

  it('needs a browser for the integration and the end-to-end tests', () => {
    expect(planTests([]).stages.map((stage) => stage.needsChromium)).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect(planTests([]).stages.map((stage) => stage.needsRedis)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('runs only the projects that were named, slow ones still apart', () => {
    expect(projects(['--project', 'e2e', '--project=unit', '--project=contract'])).toEqual([
      ['unit', 'contract'],
      ['e2e'],
    ]);
    expect(projects(['--project=e2e'])).toEqual([['e2e']]);
  });

  it('hands every other argument on', () => {
    expect(planTests(['-t', 'TRK-7', '--project', 'unit', 'test/unit/tracker']).passedOn).toEqual([
      '-t',
      'TRK-7',
      'test/unit/tracker',
    ]);
  });
});
