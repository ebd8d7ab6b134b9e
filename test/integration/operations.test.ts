import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseChannelId, unwrap } from '@shoal/protocol';
import { startOrigin, startService } from '@shoal/server';
import { startTracker } from '@shoal/tracker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readOriginCommand } from '../../server/src/cli/options.ts';
import { readServiceCommand } from '../../server/src/cli/service-options.ts';
import { readTrackerCommand } from '../../tracker/src/cli/options.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const folder = mkdtempSync(join(tmpdir(), 'shoal-operations-'));
const undo: (() => Promise<unknown>)[] = [];
/** Kind by name, of all that the three processes give. */
const given = new Map<string, string>();

beforeAll(async () => {
  const metrics = { host: '127.0.0.1', port: 0 };
  const service = await startService({
    ...{ http: metrics, metrics, processMetrics: true, logLevel: 'silent' },
    database: { type: 'sqlite', file: join(folder, 'shoal.db') },
  });
  undo.push(service.close);
  const channel = unwrap(parseChannelId('demo'));
  const origin = await startOrigin({
    ...{ http: metrics, rtmp: metrics, metrics, processMetrics: true, logLevel: 'silent' },
    ...{ dataDir: join(folder, 'data'), channels: [{ channel }] },
  });
  undo.push(origin.close);
  const tracker = await startTracker({ host: '127.0.0.1', port: 0, processMetrics: true });
  undo.push(() => tracker.close());
  for (const port of [service.metricsPort, origin.metricsPort, tracker.port]) {
    const text = await (await fetch(`http://127.0.0.1:${port ?? 0}/metrics`)).text();
    for (const [, name = '', kind = ''] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm))
      given.set(name, kind);
  }
});
afterAll(async () => {
  for (const next of undo.reverse()) await next();
  rmSync(folder, { recursive: true, force: true });
});

/** Names of metrics in an expression. */
function namesIn(expression: string): readonly string[] {
  return [...expression.matchAll(/\b(?:shoal|nodejs|process)_\w+/g)].map(([name]) => name);
}

function isGiven(name: string): boolean {
  if (given.has(name)) return true;
  const [, whole = ''] = /^(\w+)_(?:bucket|sum|count)$/.exec(name) ?? [];
  return given.get(whole) === 'histogram';
}

type Alert = { readonly alert: string; readonly expr: string; readonly annotations?: object };
type Rules = { readonly groups: readonly { readonly rules: readonly Alert[] }[] };
type Dashboard = {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
};

describe('OPS-5 what operators are given', () => {
  it('rules ask for metrics that there are', () => {
    const { groups } = parse(read('docs/alerts.yml')) as Rules;
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(10);
    for (const { alert, expr, annotations } of rules) {
      const names = namesIn(expr);
      expect([alert, names.filter((name) => !isGiven(name))]).toEqual([alert, []]);
      expect([alert, names.length > 0 || expr.startsWith('up{')]).toEqual([alert, true]);
      expect([alert, annotations]).toEqual([
        alert,
        expect.objectContaining({ summary: expect.any(String) as string }),
      ]);
    }
  });

  it('the dashboard shows metrics that there are', () => {
    const { panels } = JSON.parse(read('docs/grafana/shoal.json')) as Dashboard;
    for (const { title, targets } of panels)
      for (const { expr } of targets) {
        const names = namesIn(expr);
        expect([title, names.length > 0, names.filter((name) => !isGiven(name))]).toEqual([
          title,
          true,
          [],
        ]);
      }
  });

  it('the handbook has every metric of Shoal and its kind, and no other', () => {
    const rows = [...read('docs/operations.md').matchAll(/^\| `(shoal_\w+)` +\| (\w+)/gm)];
    const told = rows.map(([, name = '', kind = '']) => `${name} ${kind}`);
    const ours = [...given].filter(([name]) => name.startsWith('shoal_'));
    expect(told.sort()).toEqual(ours.map(([name, kind]) => `${name} ${kind}`).sort());
  });

  it('names begin with whose they are', () => {
    for (const name of given.keys())
      if (name.startsWith('shoal_')) expect(name).toMatch(/^shoal_(service|origin|tracker)_/);
  });
});

type Container = {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly build?: string;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
};

describe('OPS-5 docker-compose.yml', () => {
  const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
    readonly services: Readonly<Record<string, Container>>;
  };
  const ours = Object.entries(services).filter(([, { build }]) => build !== undefined);

  it('has one image for all roles', () => {
    expect(ours.map(([name]) => name).sort()).toEqual([
      'origin',
      'service',
      'tracker-1',
      'tracker-2',
    ]);
    expect(Object.keys(services)).toEqual(expect.arrayContaining(['redis', 'postgres']));
  });

  it.each(ours)(
    '%s has a command that there is, with options that it takes',
    (_name, container) => {
      const [program, main = '', ...args] = container.command ?? [];
      expect(program).toBe('node');
      const source = main.replace('/dist/', '/src/').replace(/\.js$/, '.ts');
      expect(existsSync(join(ROOT, source))).toBe(true);
      const env = Object.fromEntries(
        Object.entries(container.environment ?? {}).map(([name, text]) => [name, filled(text)]),
      );
      const command =
        source === 'server/src/cli/service-main.ts'
          ? readServiceCommand(args, env)
          : source === 'server/src/cli/main.ts'
            ? readOriginCommand({ args, env })
            : readTrackerCommand({ args, env, readFile: (path) => readFileSync(path, 'utf8') });
      expect(command).toMatchObject({ ok: true });
      // A name that is misspelt would do nothing.
      const known = JSON.stringify([command, read(source), ...optionTexts()]);
      const isKnown = (name: string): boolean =>
        known.includes(`${name} `) ||
        known.includes(`${name}'`) ||
        known.includes(variableTail(name));
      expect(Object.keys(env).filter((name) => !isKnown(name))).toEqual([]);
    },
  );

  it('mounts files that there are', () => {
    for (const { volumes = [] } of Object.values(services))
      for (const volume of volumes)
        if (volume.startsWith('./'))
          expect(existsSync(join(ROOT, volume.split(':')[0] ?? ''))).toBe(true);
    const { rule_files: rules } = parse(read('docs/prometheus.yml')) as { rule_files: string[] };
    expect(JSON.stringify(services['prometheus'])).toContain(rules[0]);
  });

  it('the Dockerfile copies folders that there are', () => {
    for (const [, from = ''] of read('Dockerfile').matchAll(/^COPY (?!--from)(\S+) /gm))
      expect(existsSync(join(ROOT, from))).toBe(true);
    for (const [, main = ''] of read('Dockerfile').matchAll(/"(\w+\/dist\/[\w/.-]+)"/g))
      expect(existsSync(join(ROOT, main.replace('/dist/', '/src/').replace(/\.js$/, '.ts')))).toBe(
        true,
      );
  });
});

/** As Compose fills variables in. */
function filled(text: string): string {
  return text.replaceAll(
    /\$\{(\w+)(?::-([^}]*))?\}/g,
    (_, name: string, other?: string) =>
      other ?? `a-value-for-${name.toLowerCase()}-that-is-long-enough`,
  );
}

function optionTexts(): readonly string[] {
  return [
    'server/src/cli/flags.ts',
    'server/src/cli/service-options.ts',
    'server/src/cli/playback-flags.ts',
    'tracker/src/cli/options.ts',
    'server/src/cli/options.ts',
  ].map(read);
}

/** How the option of a variable is written in the source. */
function variableTail(name: string): string {
  const [, tail] = /^SHOAL_(?:ORIGIN|TRACKER)_(.+)$/.exec(name) ?? [];
  if (tail === undefined || /SECRET|TOKEN/.test(tail)) return name.replace('SHOAL_TRACKER_', '');
  return `'${tail.toLowerCase().replaceAll('_', '-')}'`;
}
