import { expect, it } from 'vitest';
import { readRelayPass, relayPass } from '../../../../tracker/src/adapters/relay-pass.ts';

const SECRET = Buffer.from('what all nodes know');
const KEYS = { address: 'abcdefghijklmnop', network: 'ponmlkjihgfedcba' };

it('TRK-26 a pass that a node made is read by the others', () => {
  expect(readRelayPass(relayPass(KEYS, SECRET), SECRET)).toEqual(KEYS);
});

it.each([
  undefined,
  '',
  'a.b.c',
  relayPass(KEYS, Buffer.from('something else')),
  relayPass(KEYS, SECRET).replace('abc', 'abd'),
  `${relayPass(KEYS, SECRET)}x`,
])('TRK-26 nobody else can make one: %s', (header) => {
  expect(readRelayPass(header, SECRET)).toBeUndefined();
});
