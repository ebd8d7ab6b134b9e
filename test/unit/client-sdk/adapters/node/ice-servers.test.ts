import { expect, it } from 'vitest';
import { toNativeIceServers } from '../../../../../client-sdk/src/adapters/node/ice-servers.ts';

it('turns STUN and TURN URLs into what node-datachannel takes, with default ports', () => {
  const login = { username: 'u', credential: 'p' };
  const native = { username: 'u', password: 'p' };
  expect(
    toNativeIceServers([
      { urls: 'stun:stun.example.org' },
      { urls: ['turn:turn.example.org:3479?transport=tcp', 'turns:[2001:db8::1]'], ...login },
      { urls: 'TURN:turn.example.org', ...login },
    ]),
  ).toEqual([
    { hostname: 'stun.example.org', port: 3478 },
    { hostname: 'turn.example.org', port: 3479, relayType: 'TurnTcp', ...native },
    { hostname: '2001:db8::1', port: 5349, relayType: 'TurnTls', ...native },
    { hostname: 'turn.example.org', port: 3478, relayType: 'TurnUdp', ...native },
  ]);
});

it.each(['http://x', 'stun:', 'stun:a:99999', 'turn:a?transport=sctp', 'stun:a@b', ''])(
  'refuses %j',
  (urls) => {
    expect(toNativeIceServers([{ urls }])).toBeUndefined();
  },
);
