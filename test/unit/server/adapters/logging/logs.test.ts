import { type FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { RequestIds } from '../../../../../server/src/adapters/api/request-id.ts';
import { makeLog } from '../../../../../server/src/adapters/logging/make-log.ts';
import { safeError, safeReason } from '../../../../../server/src/adapters/logging/safe-error.ts';
import { ServiceError } from '@shoal/server';

/** As those of databases, with what was asked on them. */
class DatabaseError extends Error {
  readonly code = '23505';
  readonly detail = 'Key (token)=(secret) already exists.';
  readonly parameters = ['secret'];
}

function linesOf(write: (log: ReturnType<typeof makeLog>) => void): readonly unknown[] {
  const lines: string[] = [];
  write(makeLog('debug', { write: (line) => lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as unknown);
}

describe('OPS-2 what is said of errors', () => {
  it('of libraries is kind, code and place', () => {
    const told = safeError(new DatabaseError('duplicate secret'));
    expect(told).toMatchObject({ type: 'DatabaseError', code: '23505' });
    expect(told.at?.[0]).toMatch(/^at .*logs\.test\.ts/);
    expect(JSON.stringify(told)).not.toContain('secret');
  });

  it('of ours and of the system is the message too', () => {
    expect(safeError(new ServiceError('database', 'cannot open it')).message).toBe(
      'cannot open it',
    );
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), {
      ...{ code: 'ECONNREFUSED', syscall: 'connect' },
    });
    expect(safeReason(refused)).toBe('connect ECONNREFUSED 127.0.0.1:5432');
    expect(safeReason(new DatabaseError('secret'))).toBe('DatabaseError (23505)');
  });

  it('is no more for causes, text of many lines, and what is no error', () => {
    let error = new Error('secret');
    for (let depth = 0; depth < 20; depth += 1) error = new Error('secret', { cause: error });
    const told = JSON.stringify(safeError(error));
    expect(told.split('"cause"').length - 1).toBe(4);
    expect(told.replaceAll('"type":"Error"', '')).not.toContain('"message"');
    const framed = safeError(new Error('x\n    at secret (secret:1:1)\n    at secret'));
    expect(JSON.stringify(framed)).not.toContain('secret');
    const changed = new Error('x\n    at secret (secret:1:1)');
    changed.message = 'another';
    expect(JSON.stringify(safeError(changed))).not.toContain('secret');
    expect(safeError('secret')).toEqual({ type: 'string' });
    expect(safeError({ message: 'secret' })).toEqual({ type: 'object' });
    expect(
      safeError(Object.assign(new Error('x'), { name: 'a secret', code: 'a secret' })),
    ).toMatchObject({
      type: 'Error',
    });
  });
});

describe('OPS-2 a line', () => {
  it('takes nothing under names of secrets, also where it was given by mistake', () => {
    const [line] = linesOf((log) => {
      log.info(
        {
          ...{ token: 'secret', password: 'secret', body: { a: 'secret' }, channel: 'demo' },
          hook: { secret: 'secret', id: 'h1' },
          req: { headers: { authorization: 'secret' } },
          err: new DatabaseError('secret'),
        },
        'a line',
      );
    });
    expect(line).toMatchObject({ channel: 'demo', hook: { id: 'h1' }, msg: 'a line' });
    expect(
      JSON.stringify(line)
        .replaceAll('(secret)', '')
        .match(/secret/g),
    ).toHaveLength(1); // name of the field
  });
});

describe('OPS-1 ids of requests', () => {
  const request = (id?: string | string[]): FastifyRequest =>
    ({ headers: { 'x-request-id': id } }) as unknown as FastifyRequest; // all that is read

  it.each(['a', 'A-b_c.9', 'x'.repeat(64), '8c5f1f8e-6ad9-4f21-9a3e-0f4a2b0c7d11'])(
    '%s is taken',
    (id) => {
      expect(new RequestIds(() => 'new').of(request(id))).toBe(id);
    },
  );

  it.each(['', 'x'.repeat(65), 'a b', 'a\nb', 'ä', '"', '<b>', 'a;b', ['a', 'b'], undefined])(
    '%j is not',
    (id) => {
      expect(new RequestIds(() => 'new').of(request(id))).toBe('new');
    },
  );

  it('stay the same', () => {
    let made = 0;
    const ids = new RequestIds(() => `new${made++}`);
    const one = request();
    expect([ids.of(one), ids.of(one), ids.of(request())]).toEqual(['new0', 'new0', 'new1']);
  });
});
