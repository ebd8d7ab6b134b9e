import fc from 'fast-check';
import { type ServiceOptions } from '@shoal/server';
import { field, TestService } from '../test-service.ts';
import { type ApiDocument, type Operation, operationsOf } from './document.ts';
import { KnownIds } from './known-ids.ts';
import { RawClient } from './raw-request.ts';
import { type Draft } from './twists.ts';
import { type Hints, valuesOf } from './values.ts';

/** Whoever makes requests. */
const ACTORS = [
  'nobody',
  'guest',
  'viewer',
  'moderator',
  'streamer',
  'other',
  'admin',
  'over',
] as const;
type ActorName = (typeof ACTORS)[number];

const WEIGHTS: Partial<Record<ActorName, number>> = {
  ...{ viewer: 3, moderator: 2, streamer: 5, admin: 5 },
};

/** A request that follows its schema; which ids are in its path is found when it is made. */
export type Plan = {
  readonly operation: Operation;
  readonly actor: ActorName;
  /** For each parameter of the path. */
  readonly ids: readonly { readonly known: boolean; readonly at: number; readonly odd: string }[];
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
};

const ODD_IDS = [
  ...[
    'nothing',
    'other',
    'x'.repeat(64),
    'x'.repeat(65),
    'x'.repeat(300),
    '%00',
    '%ff',
    'a%2fb',
    '..',
    '%20',
  ],
  ...[
    'me',
    '1',
    '-1',
    '%F0%9F%98%80',
    '%ed%a0%80',
    "'",
    '%22',
    '%25',
    '__proto__',
    'constructor',
    '%7B%7D',
  ],
];

/** People with accounts who do nothing themselves. */
const GIFTED = ['ada', 'ben', 'cem', 'dee', 'eva', 'fay'];

/** Fields whose texts mean something. */
const HINTS: Hints = new Map<string, fc.Arbitrary<unknown>>([
  ['url', fc.constantFrom('http://127.0.0.1:9/hook', 'https://example.org/hook?a=b')],
  ['method', fc.constantFrom('sandbox-pays', 'sandbox-waits', 'sandbox-fails')],
  ['to', fc.constantFrom(...GIFTED, 'vi', 'nobody')],
  ['owner', fc.constantFrom('ana', null)],
  ['user', fc.constantFrom('vi', 'zoe', 'yan')],
  ['blockedWords', fc.constantFrom([], ['rude'])],
  ['thumbnail', fc.constantFrom('https://example.org/a.jpg', null)],
  ['action', fc.constantFrom('publish', 'read', 'read', 'api')],
  ['path', fc.constantFrom('live/demo', 'live/demo/index.m3u8', 'live/nothing', '')],
]);

/** A service with people, channels, and one of everything, whose routes are known. */
export class ApiScene {
  readonly service: TestService;
  readonly client: RawClient;
  readonly operations: readonly Operation[];
  readonly known: KnownIds;
  readonly #tokens: ReadonlyMap<ActorName, string>;

  private constructor(
    service: TestService,
    operations: readonly Operation[],
    tokens: ReadonlyMap<ActorName, string>,
  ) {
    this.service = service;
    this.client = new RawClient(() => service.port);
    this.operations = operations;
    this.#tokens = tokens;
    this.known = new KnownIds(operations);
    this.known.add('channel', 'demo');
    this.known.add('channel', 'other');
    for (const user of ['vi', 'zoe', 'yan']) this.known.add('user', user);
  }

  static async start(options: Partial<ServiceOptions>): Promise<ApiScene> {
    const service = await TestService.start({
      requestsAMinute: 10_000_000,
      webhooks: { allowHttp: true, allowPrivateAddresses: true, allowAnyPort: true },
      ...options,
    });
    return ApiScene.of(service);
  }

  /** With people and channels, in a service that has none yet. */
  static async of(service: TestService): Promise<ApiScene> {
    await service.makeChannel('demo', 'ana');
    await service.makeChannel('other', 'bob');
    const over = await service.call('POST', '/v1/auth/tokens', {
      token: service.admin,
      body: { user: 'gone', name: 'Gone', hours: 1e-9 },
    });
    const tokens = new Map<ActorName, string>([
      ['guest', await service.guest()],
      ['viewer', await service.tokenOf('vi')],
      ['moderator', await service.tokenOf('mo')],
      ['streamer', await service.tokenOf('ana')],
      ['other', await service.tokenOf('bob')],
      ['admin', service.admin],
      ['over', field(over.body, 'token')],
    ]);
    for (const user of GIFTED) await service.tokenOf(user);
    const path = '/v1/channels/demo/moderators/mo';
    await service.call('PUT', path, { token: service.admin, body: {} });
    const { body } = await service.call('GET', '/openapi.json');
    return new ApiScene(service, operationsOf(body as ApiDocument), tokens);
  }

  /** Tokens of all of them. */
  get tokens(): readonly string[] {
    return [...this.#tokens.values()];
  }

  /** Requests of these people to this route, as they should be. */
  plans(operation: Operation, actors: readonly ActorName[] = ACTORS): fc.Arbitrary<Plan> {
    const query = operation.parameters.filter((parameter) => parameter.in === 'query');
    const fields = query.map(({ name, schema }) => [name, valuesOf(schema, HINTS, name)] as const);
    const requiredKeys = query.filter(({ required }) => required === true).map(({ name }) => name);
    const path = operation.parameters.filter((parameter) => parameter.in === 'path');
    const id = fc.record({
      known: fc.oneof(
        { weight: 5, arbitrary: fc.constant(true) },
        { weight: 1, arbitrary: fc.constant(false) },
      ),
      at: fc.nat({ max: 999 }),
      odd: fc.constantFrom(...ODD_IDS),
    });
    return fc.record({
      operation: fc.constant(operation),
      // Whoever may most gets the furthest.
      actor: fc.oneof(
        ...actors.map((actor) => ({ weight: WEIGHTS[actor] ?? 1, arbitrary: fc.constant(actor) })),
      ),
      ids: fc.array(id, { minLength: path.length, maxLength: path.length }),
      query: fc.record(Object.fromEntries(fields), { requiredKeys }),
      body: operation.body === undefined ? fc.constant(undefined) : valuesOf(operation.body, HINTS),
    });
  }

  /** Writes a plan down, with ids that are known by now. */
  draft({ operation, actor, ids, query, body }: Plan): Draft {
    let next = 0;
    let path = '';
    for (const part of operation.path.slice(1).split('/')) {
      const [, name] = /^\{(\w+)\}$/.exec(part) ?? [];
      const { known = true, at = 0, odd = 'x' } = name === undefined ? {} : (ids[next++] ?? {});
      const id = name === undefined || !known ? undefined : this.known.pick(name, at, path);
      path += `/${name === undefined ? part : (id ?? odd)}`;
    }
    const search = new URLSearchParams(
      Object.entries(query).flatMap(([name, value]) => {
        const sent = name === 'cursor' ? this.known.pick(name, textOf(value ?? '').length) : value;
        return sent === undefined ? [] : [[name, textOf(sent)]];
      }),
    ).toString();
    const token = this.#tokens.get(actor);
    return {
      method: operation.method,
      target: search === '' ? path : `${path}?${search}`,
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      body: this.#withIds(operation, body),
    };
  }

  /** Ids in a body, which its schema cannot know. */
  #withIds({ body: schema }: Operation, body: unknown): unknown {
    if (typeof body !== 'object' || body === null) return body;
    const fields: [string, unknown][] = Object.entries(body);
    return Object.fromEntries(
      fields.map(([name, value]) => {
        const isId = schema?.properties?.[name]?.pattern !== undefined;
        const id = isId ? this.known.pick(name, textOf(value).length) : undefined;
        return [name, id ?? value];
      }),
    );
  }

  async close(): Promise<void> {
    this.client.close();
    await this.service.close();
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
