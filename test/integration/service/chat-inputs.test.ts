import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ChatScene } from './chat-scene.ts';
import { bothDatabases } from './databases.ts';
import { TestService } from './test-service.ts';

/** Texts that are troublesome somewhere: in SQL, in JSON, in databases, on screens. */
const TEXT = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 600 }),
  fc.constantFrom(
    '',
    '\u0000',
    'a\u0000b',
    '\ud800',
    "'; --",
    '😀'.repeat(300),
    '\u202e',
    '..',
    '%',
  ),
);
const NUMBER = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -1, 1e300, 2 ** 53));
const VALUE = fc.oneof(TEXT, NUMBER, fc.jsonValue({ maxDepth: 2 }), fc.boolean());

/** Bodies with fields that a route has, of whatever kind, or anything else. */
const bodyOf = (fields: readonly string[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.record(Object.fromEntries(fields.map((field) => [field, VALUE])), { requiredKeys: [] }),
    fc.record(Object.fromEntries(fields.map((field) => [field, TEXT]))),
    fc.jsonValue(),
  );

/** Routes that take something, and fields of their bodies. */
const ROUTES: readonly (readonly [request: string, ...fields: readonly string[]])[] = [
  ['POST /chat/messages', 'text'],
  ['DELETE /chat/messages/ANY'],
  ['GET /chat/messages?QUERY'],
  ['PATCH /chat/settings', 'mode', 'slowModeSeconds', 'blockedWords'],
  ['PUT /bans/ANY', 'seconds', 'reason', 'deleteMessages'],
  ['PUT /bans/vi', 'reason'],
  ['DELETE /bans/ANY'],
  ['GET /bans?QUERY'],
  ['PUT /moderators/ANY', 'name'],
  ['PUT /moderators/mo', 'name'],
  ['DELETE /moderators/ANY'],
  ['POST /reports', 'message', 'reason'],
  ['GET /reports?QUERY'],
  ['POST /reports/ANY/resolve', 'x'],
];

/** Cursors that are none of ours, with what a cursor has. */
const CURSOR = fc
  .oneof(fc.tuple(NUMBER, TEXT), fc.jsonValue())
  .map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'));
const QUERY = fc
  .record({ limit: fc.oneof(TEXT, NUMBER.map(String)), cursor: fc.oneof(CURSOR, TEXT), open: TEXT })
  .map((query) => new URLSearchParams(query).toString());
const CURSOR_ONLY = CURSOR.map((cursor) => `cursor=${cursor}`);

const RUNS = 40;

describe.each(bothDatabases())('chats over %s', (_, make) => {
  it('API-5 answer whatever is asked of them with a success or a problem of the client', async () => {
    const test = await TestService.start({ database: await make() });
    onTestFinished(() => test.close());
    const scene = await ChatScene.start(test);
    const seen = new Map<string, number>();
    for (const [request, ...fields] of ROUTES) {
      // A token of its own, so that no limit of requests is reached, which would hide the rest.
      const token = await test.tokenOf('ana');
      await fc.assert(
        fc.asyncProperty(
          bodyOf(fields),
          TEXT,
          fc.oneof(QUERY, CURSOR_ONLY),
          async (body, any, query) => {
            const [name = 'GET'] = request.split(' ');
            const path = request.replace('ANY', () => encodeAny(any)).replace('QUERY', () => query);
            const sent = name === 'GET' || name === 'DELETE' ? undefined : body;
            const { status, body: answer } = await scene.as(token, path, sent);
            seen.set(`${request} ${status}`, (seen.get(`${request} ${status}`) ?? 0) + 1);
            expect(status, JSON.stringify([path, sent, answer])).toBeLessThan(500);
            if (status >= 400) expect(answer).toMatchObject({ status });
          },
        ),
        { numRuns: RUNS },
      );
    }
    // The generators reach both what is taken and what is not.
    const statuses = [...seen.keys()].map((key) => key.slice(-3));
    expect(statuses).toEqual(expect.arrayContaining(['200', '201', '400', '404']));
    expect(seen.get('POST /chat/messages 201')).toBeGreaterThan(0);
  });
});

/** As a part of a path; what cannot be encoded is left out. */
function encodeAny(text: string): string {
  const whole = text.slice(0, 20).replace(/\p{Cs}/gu, '');
  return encodeURIComponent(whole).replace(/^\.{1,2}$/, 'x') || 'x';
}
