import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { bothDatabases } from '../databases.ts';
import { AnswerCheck } from './answer-check.ts';
import { type Operation } from './document.ts';
import { ApiScene, type Plan } from './scene.ts';
import { type RawRequest } from './raw-request.ts';
import { twisted, twists } from './twists.ts';

/** Of each database. `SHOAL_PROPERTY_SECONDS=600 npx vitest run --project integration …/property.test.ts` is a long run. */
const SECONDS = Number(process.env['SHOAL_PROPERTY_SECONDS'] ?? 15);
const SEED = Number(process.env['SHOAL_PROPERTY_SEED'] ?? Date.now() % 2 ** 31);
/** Requests of each route that follow its schema, before the others. */
const PLAIN = 12;
const ROUNDS = 10;
/** Routes that succeed only after something that no request does, as a publisher who comes. */
const NOT_BY_REQUESTS: ReadonlySet<string> = new Set<string>([]);
/** By which what a service holds may grow; its caches fill meanwhile. */
const GROWTH_BYTES = 48 * 1_048_576;

const report: string[] = [];
afterAll(() => {
  console.log(report.join('\n'));
});

describe.each(bothDatabases())('API-9 with %s', (name, makeDatabase) => {
  it(
    'no request is a failure of the service, and every answer is as it is described',
    async () => {
      const scene = await ApiScene.start({ database: await makeDatabase() });
      onTestFinished(() => scene.close());
      const check = new AnswerCheck();
      const succeeded = new Set<string>();
      const statuses = new Map<number, number>();
      const ask = async (plan: Plan, request: RawRequest): Promise<void> => {
        const answer = await scene.client.ask(request);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        const operation = askedFor(plan.operation, request, scene.operations);
        const fault = isBare(request.method)
          ? bareFault(answer.status)
          : check.fault(answer, operation);
        expect(fault, `seed ${SEED}: ${told(request)}`).toBeUndefined();
        if (operation === undefined || answer.status >= 300 || request.method === 'HEAD') return;
        scene.known.learn(operation, request.target, answer);
        succeeded.add(operation.name);
      };

      const askPlainly = async (operation: Operation, seed: number): Promise<void> => {
        const plans = scene.plans(operation, ['viewer', 'streamer', 'moderator', 'admin']);
        for (const plan of fc.sample(plans, { numRuns: PLAIN, seed })) {
          const ids = plan.ids.map(inDemo(operation));
          await ask(plan, twisted(scene.draft({ ...plan, ids }), { kind: 'nothing', at: 0 }));
        }
      };
      // What makes something first, so that there are ids.
      const makers = [...scene.operations].sort((a, b) => rankOf(a) - rankOf(b));
      for (const operation of makers) await askPlainly(operation, SEED);
      const never = (): readonly Operation[] =>
        scene.operations.filter(
          ({ name: route }) => !succeeded.has(route) && !NOT_BY_REQUESTS.has(route),
        );
      for (let round = 1; round < ROUNDS && never().length > 0; round += 1)
        for (const operation of makers)
          if (!succeeded.has(operation.name) || operation.method !== 'DELETE')
            await askPlainly(operation, SEED + round);
      expect(never().map((operation) => operation.name)).toEqual([]);

      const before = heapBytes();
      const until = Date.now() + SECONDS * 1_000;
      const plans = fc
        .constantFrom(...scene.operations)
        .chain((operation) => scene.plans(operation));
      await fc.assert(
        fc.asyncProperty(plans, twists, async (plan, twist) => {
          if (Date.now() < until) await ask(plan, twisted(scene.draft(plan), twist));
        }),
        {
          ...{ seed: SEED, numRuns: 5_000_000, endOnFailure: true },
          ...{ interruptAfterTimeLimit: SECONDS * 1_000, markInterruptAsFailure: false },
        },
      );
      const grown = heapBytes() - before;
      const total = [...statuses.values()].reduce((sum, count) => sum + count, 0);
      report.push(
        `${name}: seed ${SEED}, ${total} requests, heap ${(grown / 1_048_576).toFixed(1)} MiB more, statuses ${JSON.stringify(Object.fromEntries([...statuses].sort()))}`,
      );
      expect(grown).toBeLessThan(GROWTH_BYTES);
      expect((await scene.service.call('GET', '/v1/channels/demo')).status).toBe(200);
      expect((await scene.service.call('GET', '/readyz')).status).toBe(200);
    },
    (SECONDS + 60) * 1_000,
  );
});

/** Of the first channel, where all is that was made. */
function inDemo({ path }: Operation): (id: Plan['ids'][number], place: number) => typeof id {
  const inChannel = path.startsWith('/v1/channels/{channel}');
  return (id, place) => ({ ...id, known: true, at: inChannel && place === 0 ? 0 : id.at });
}

function rankOf({ method, path }: Operation): number {
  if (method === 'POST') return path.split('/').length;
  if (method === 'DELETE') return 200;
  return 100;
}

/** The route that a request is for by now; undefined where it is for none, or that is not sure. */
function askedFor(
  operation: Operation,
  { method, target }: RawRequest,
  all: readonly Operation[],
): Operation | undefined {
  const path = target.split('?', 1)[0] ?? '';
  const [ours, theirs] = [operation.path.split('/'), path.split('/')];
  const same =
    ours.length === theirs.length &&
    ours.every((part, at) => part.startsWith('{') || part === theirs[at]);
  if (!same) return undefined;
  return all.find((one) => one.method === method && one.path === operation.path);
}

function isBare(method: string): boolean {
  return method === 'HEAD';
}

function bareFault(status: number): string | undefined {
  return status >= 200 && status < 500 ? undefined : `status ${status}`;
}

function told({ method, target, headers, body }: RawRequest): string {
  return JSON.stringify({
    ...{ method, target: target.slice(0, 300), headers },
    body: body?.toString().slice(0, 300),
  });
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
