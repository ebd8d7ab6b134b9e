import { once } from 'node:events';
import { createServer } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { withTimeLimit } from '../../../../../client-sdk/src/adapters/node/time-limit.ts';
import { pause } from '../../../../support/until.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

it('ends a request that is never answered, also when memory is collected meanwhile', async () => {
  const deaf = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  const address = deaf.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const limit = { closing: new AbortController().signal, ms: 300 };
  const loading = withTimeLimit(limit, (signal) =>
    fetch(`http://127.0.0.1:${port}/`, { signal }),
  ).catch((error: unknown) => error);
  let over = false as boolean;
  void loading.then(() => (over = true));
  for (let i = 0; i < 100 && !over; i++) {
    await pause(50);
    collect();
  }
  expect(over).toBe(true);
  expect(await loading).toMatchObject({ name: 'AbortError' });
  deaf.close();
});

it('ends with its owner, and not after the work', async () => {
  const owner = new AbortController();
  const limit = { closing: owner.signal, ms: 60_000 };
  const waiting = withTimeLimit(
    limit,
    (signal) =>
      new Promise<string>((resolve) => {
        signal.addEventListener('abort', () => {
          resolve('aborted');
        });
      }),
  );
  owner.abort();
  expect(await waiting).toBe('aborted');
  const after = await withTimeLimit(limit, (signal) => Promise.resolve(signal.aborted));
  expect(after).toBe(true);
});
