import { describe, expect, it } from 'vitest';
import { readServiceCommand } from '../../../../server/src/cli/service-options.ts';

function read(args: readonly string[], env: Readonly<Record<string, string>> = {}): unknown {
  const command = readServiceCommand(args, env);
  return command.ok ? command.value : command.error;
}

describe('the command line of shoal-service', () => {
  it('takes PostgreSQL and Redis from the environment, where their passwords are nobody else’s to see', () => {
    const [url, redis] = ['postgres://u:p@db/shoal', 'redis://:p@redis'];
    expect(read([], { DATABASE_URL: url, REDIS_URL: redis })).toMatchObject({
      options: { database: { type: 'postgres', url }, redis },
    });
    expect(read(['--redis', redis])).toEqual([expect.stringContaining('--redis')]);
    expect(read([], { REDIS_URL: '' })).not.toHaveProperty('options.redis');
  });
});
