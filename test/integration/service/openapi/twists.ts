import fc from 'fast-check';
import { type RawRequest } from './raw-request.ts';

/** A request before it is written down. */
export type Draft = Omit<RawRequest, 'body'> & { readonly body: unknown };

/** What is done to a request that was as it should be. */
export type Twist = { readonly kind: keyof typeof TWISTS; readonly at: number };

const ODD_VALUES: readonly unknown[] = [
  ...[null, true, 0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER + 1, 2 ** 53, '', ' ', 'x', [], {}],
  ...['\0', 'a\0b', '\ud800', 'a\udfffb', '😀'.repeat(200), '\u202e', '\r\n', '\u0085', '\ufeff'],
  ...[[null], [[]], { a: { b: [1] } }, 'x'.repeat(5_000), ['x'.repeat(500)], '-0', 'NaN', '1e999'],
  ...['__proto__', 'constructor', "'; DROP TABLE channels; --", '%', '${7*7}', '\\', '../..'],
];
const ODD_TOKENS = [
  ...[
    '',
    'Bearer',
    'Bearer ',
    'Bearer x',
    `Bearer ${'x'.repeat(43)}`,
    `Bearer ${'x'.repeat(5_000)}`,
  ],
  ...[
    'Basic dXNlcjpwYXNz',
    'bearer  two spaces',
    'Bearer a,b',
    'Digest x="y"',
    '\u00ff\u00fe',
    '%00',
  ],
];
const ODD_TAGS = [
  ...[
    '',
    '*',
    '""',
    '"1',
    'W/"1"',
    '"1", "2"',
    '"-1"',
    '"99999999999999999999"',
    ', ,',
    'x'.repeat(4_000),
  ],
  ...['"1",'.repeat(500), '\u00e4'],
];
const ODD_KEYS = [
  ...[
    '',
    ' ',
    'a',
    'k'.repeat(255),
    'k'.repeat(256),
    'k'.repeat(6_000),
    'a b',
    '\u00e4',
    '"a"',
    'k1',
    'k2',
  ],
];
const ODD_TYPES = [
  ...[
    'text/plain',
    'application/xml',
    'multipart/form-data',
    'application/x-www-form-urlencoded',
    'x',
  ],
  ...[
    'application/json; charset=utf-16',
    'application/json;;',
    'application/problem+json',
    ' ',
    ';',
  ],
  ...[
    'application/json, text/plain',
    `application/${'x'.repeat(2_000)}`,
    'multipart/form-data; boundary=',
  ],
];
const ODD_TARGETS: readonly ((target: string) => string)[] = [
  (target) => `${target}?${'a=b&'.repeat(1_500)}`,
  (target) => `${target}/${'x'.repeat(7_000)}`,
  (target) => `${target}%`,
  (target) => `${target}%zz`,
  (target) => `${target}%00`,
  (target) => `${target}%ff%fe`,
  (target) => `${target}%ed%a0%80`,
  (target) => `${target}/..`,
  (target) => `${target}/`,
  (target) => `/${target}`,
  (target) => target.toUpperCase(),
  (target) => target.replace('/v1', '/v1/%2e%2e/v1'),
  (target) => target.replace('/v1', '/v2'),
  (target) => `${target};a=b`,
  (target) => `${target}?limit=1&limit=2&limit=x`,
  (target) => `${target}?cursor=a&cursor=b&state=pending&state=x`,
  (target) => `${target}?limit[]=1&limit[a]=2&__proto__[a]=1`,
  (target) => `${target}?limit=-1&cursor=%00`,
  (target) => `${target}?limit=1e9`,
  (target) => `${target}?limit=%ff&open=%ed%a0%80`,
  (target) => `${target}?%zz=%zz`,
  (target) => `${target}?cursor=${Buffer.from('[1e400,"a"]').toString('base64url')}`,
  (target) => `${target}?cursor=${Buffer.from('[9007199254740991,"a"]').toString('base64url')}`,
  (target) => `${target}?cursor=${Buffer.from('[-1,""]').toString('base64url')}`,
  (target) => `${target}?cursor=${Buffer.from('{"at":1}').toString('base64url')}`,
  (target) => `${target}?cursor=${'A'.repeat(199)}`,
];
const ODD_METHODS = [
  'HEAD',
  'OPTIONS',
  'PUT',
  'DELETE',
  'PATCH',
  'POST',
  'GET',
  'TRACE',
  'PROPFIND',
];
const ODD_BODIES: readonly (string | Buffer)[] = [
  ...[
    '',
    '{',
    '{"a":',
    '[1,2',
    'null',
    '"text"',
    '0',
    'nul',
    '{"a":1}}',
    '\ufeff{}',
    "{'a':1}",
    '{"a":01}',
  ],
  ...['{"a":"\\ud800"}', '{"a":"\\u0000"}', '{"__proto__":{"admin":true}}', '{"\\u0000":1}'],
  ...[
    '{"constructor":{"prototype":{"a":1}}}',
    '['.repeat(20_000),
    `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`,
  ],
  ...[`${'['.repeat(9_000)}${']'.repeat(9_000)}`, '1'.repeat(60_000), `"${'x'.repeat(65_000)}"`],
  ...[`{"text":"${'x'.repeat(200_000)}"}`, `{"text":"${'😀'.repeat(12_000)}"}`],
  ...[
    Buffer.from([0xff, 0xfe, 0x00]),
    Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]),
  ],
];

/** What can be done, by name. Each takes a number, of which it makes what it needs. */
const TWISTS = {
  nothing: (draft: Draft) => written(draft),
  field: (draft: Draft, at: number) => written({ ...draft, body: replaced(draft.body, at) }),
  missing: (draft: Draft, at: number) => written({ ...draft, body: dropped(draft.body, at) }),
  more: (draft: Draft, at: number) => {
    const more = {
      extra: pick(ODD_VALUES, at),
      user: 'ana',
      admin: true,
      rank: 'admin',
      id: 'mine',
    };
    return written({ ...draft, body: isObject(draft.body) ? { ...draft.body, ...more } : more });
  },
  value: (draft: Draft, at: number) => written({ ...draft, body: pick(ODD_VALUES, at) }),
  bytes: (draft: Draft, at: number) => withBytes(draft, pick(ODD_BODIES, at)),
  type: (draft: Draft, at: number) =>
    withHeader(written(draft), 'Content-Type', pick(ODD_TYPES, at)),
  target: (draft: Draft, at: number) => {
    const { target } = draft;
    return written({ ...draft, target: pick(ODD_TARGETS, at)(target.split('?')[0] ?? target) });
  },
  token: (draft: Draft, at: number) =>
    withHeader(written(draft), 'Authorization', pick(ODD_TOKENS, at)),
  match: (draft: Draft, at: number) => withHeader(written(draft), 'If-Match', pick(ODD_TAGS, at)),
  key: (draft: Draft, at: number) =>
    withHeader(written(draft), 'Idempotency-Key', pick(ODD_KEYS, at)),
  id: (draft: Draft, at: number) =>
    withHeader(
      written(draft),
      'X-Request-Id',
      pick(['a', '', 'a b', 'x'.repeat(3_000), '\u00e4'], at),
    ),
  twice: (draft: Draft) => {
    const { headers, ...rest } = written(draft);
    return {
      ...rest,
      headers: { ...headers, 'If-Match': ['"1"', '"2"'], 'Idempotency-Key': ['a', 'b'] },
    };
  },
  method: (draft: Draft, at: number) => written({ ...draft, method: pick(ODD_METHODS, at) }),
} as const satisfies Record<string, (draft: Draft, at: number) => RawRequest>;

/** Any of them; a good part of requests is left as it is. */
export const twists: fc.Arbitrary<Twist> = fc.record({
  kind: fc.oneof(
    { weight: 4, arbitrary: fc.constant('nothing' as const) },
    { weight: 3, arbitrary: fc.constantFrom('field' as const, 'bytes', 'target') },
    {
      weight: 8,
      arbitrary: fc.constantFrom(...(Object.keys(TWISTS) as (keyof typeof TWISTS)[])),
    },
  ),
  at: fc.nat({ max: 9_999 }),
});

/** The request that comes of it. */
export function twisted(draft: Draft, { kind, at }: Twist): RawRequest {
  return TWISTS[kind](draft, at);
}

function written({ body, ...draft }: Draft): RawRequest {
  if (body === undefined) return draft;
  return {
    ...draft,
    headers: { 'Content-Type': 'application/json', ...draft.headers },
    body: JSON.stringify(body),
  };
}

function withBytes({ method, target, headers }: Draft, body: string | Buffer): RawRequest {
  return { method, target, headers: { 'Content-Type': 'application/json', ...headers }, body };
}

function withHeader(request: RawRequest, name: string, value: string): RawRequest {
  return { ...request, headers: { ...request.headers, [name]: value } };
}

function replaced(body: unknown, at: number): unknown {
  if (!isObject(body)) return pick(ODD_VALUES, at);
  const names = Object.keys(body);
  const name = names[at % Math.max(1, names.length)];
  if (name === undefined) return { extra: pick(ODD_VALUES, at) };
  const value = body[name];
  const odd = pick(ODD_VALUES, Math.floor(at / names.length));
  // Inside too.
  return { ...body, [name]: isObject(value) && at % 2 === 0 ? replaced(value, at >> 1) : odd };
}

function dropped(body: unknown, at: number): unknown {
  if (!isObject(body)) return undefined;
  const names = Object.keys(body);
  const gone = names[at % Math.max(1, names.length)];
  return Object.fromEntries(Object.entries(body).filter(([name]) => name !== gone));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function pick<T>(list: readonly T[], at: number): T {
  return list[at % list.length] as T; // no list is empty
}
