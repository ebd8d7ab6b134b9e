import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../../../server/src/adapters/webhooks/address-guard.ts';
import { readTarget, resolveTarget } from '../../../../server/src/adapters/webhooks/target.ts';

/** IANA's registries of special-purpose addresses, and multicast, as Node reads them. */
const special = new BlockList();
for (const [net, bits] of [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
  ] as const),
  ...([
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
  ] as const),
  ...([
    ['192.31.196.0', 24],
    ['192.52.193.0', 24],
    ['192.88.99.0', 24],
  ] as const),
  ...([
    ['192.168.0.0', 16],
    ['192.175.48.0', 24],
    ['198.18.0.0', 15],
  ] as const),
  ...([
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as const),
  ['168.63.129.16', 32],
] as const)
  special.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ...([
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['2620:4f:8000::', 48],
  ] as const),
  ['3fff::', 20],
] as const)
  special.addSubnet(net, bits, 'ipv6');
const global = new BlockList();
global.addSubnet('2000::', 3, 'ipv6');

const v4 = fc.ipV4();
/** Every bit is as likely, unlike with `fc.ipV6`, which likes short forms; both are tried. */
const v6 = fc.oneof(
  fc.ipV6(),
  fc
    .array(fc.nat(0xffff), { minLength: 8, maxLength: 8 })
    .map((groups) => groups.map((group) => group.toString(16)).join(':')),
  fc
    .tuple(fc.constantFrom('2001:', '2002:', '2620:4f:', '3fff:', 'fe80:', '2a00:'), fc.nat(0xffff))
    .map(([start, group]) => `${start}${group.toString(16)}::1`),
);
const runs = { numRuns: 5_000 };

describe('the address of a receiver', () => {
  it('HOOK-3 of IPv4 is public exactly when no registry has it for something special', () => {
    const near = fc
      .tuple(fc.constantFrom(0, 10, 100, 127, 168, 169, 172, 192, 198, 203, 224), fc.nat(0xffffff))
      .map(([a, rest]) => [a, rest >> 16, (rest >> 8) & 255, rest & 255].join('.'));
    fc.assert(
      fc.property(fc.oneof(v4, near), (address) => {
        expect(isPublicAddress(address)).toBe(!special.check(address, 'ipv4'));
      }),
      runs,
    );
  });

  it('HOOK-3 of IPv6 is public exactly when it is global unicast and nothing special', () => {
    fc.assert(
      fc.property(v6, (address) => {
        const expected = global.check(address, 'ipv6') && !special.check(address, 'ipv6');
        expect(isPublicAddress(address)).toBe(expected);
      }),
      runs,
    );
  });

  it('HOOK-3 never stands for another address: mapped, NAT64, 6to4, compatible', () => {
    const hex = (address: string): string => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
      return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    };
    fc.assert(
      fc.property(v4, (address) => {
        for (const form of [
          ...[`::ffff:${address}`, `::ffff:${hex(address)}`, `::${hex(address)}`],
          ...[`64:ff9b::${address}`, `64:ff9b::${hex(address)}`, `64:ff9b:1::${hex(address)}`],
          ...[`2002:${hex(address)}::1`, `::ffff:0:${hex(address)}`],
        ])
          expect([form, isPublicAddress(form)]).toEqual([form, false]);
      }),
    );
  });

  it('HOOK-3 is nothing but an address', () => {
    for (const text of ['', 'localhost', '0x7f.1', '2130706433', '127.1', '010.8.8.8', '8.8.8'])
      expect([text, isPublicAddress(text)]).toEqual([text, false]);
    expect(isPublicAddress('fe80::1%eth0')).toBe(false);
    expect(isPublicAddress('2a00::1%eth0')).toBe(false);
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (isPublicAddress(text)) expect(isIP(text)).not.toBe(0);
      }),
    );
  });

  it.each(['8.8.8.8', '1.1.1.1', '93.184.216.34', '2606:4700::1111', '2a00:1450:4001::1'])(
    'HOOK-3 %s is one of the Internet',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    ...['127.0.0.1', '10.0.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '0.0.0.0'],
    ...['100.64.0.1', '100.100.100.200', '168.63.129.16', '192.0.0.192', '224.0.0.1', '::', '::1'],
    ...['255.255.255.255', 'fe80::1', 'fd00:ec2::254', 'ff02::1', 'fec0::1', '::ffff:8.8.8.8'],
    ...['64:ff9b::808:808', '2001::1', '2001:db8::1'],
  ])('HOOK-3 %s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('the URL of a receiver', () => {
  const isTaken = (url: string): boolean => readTarget(url, {}).ok;

  it('HOOK-3 is https, on a usual port, without a password', () => {
    for (const url of ['https://example.org/x?y', 'https://example.org:8443', 'https://8.8.8.8/'])
      expect([url, isTaken(url)]).toEqual([url, true]);
    for (const url of [
      ...['http://example.org/', 'ftp://example.org/', 'file:///etc/passwd', 'javascript:0', 'x'],
      ...['https://example.org:22/', 'https://example.org:6379/', 'https://a:b@example.org/'],
      ...['https://127.0.0.1/', 'https://2130706433/', 'https://0x7f.1/', 'https://[::1]/'],
      ...['https://[::ffff:127.0.0.1]/', 'https://0/', 'https://169.254.169.254/latest'],
      `https://example.org/${'x'.repeat(2_048)}`,
    ])
      expect([url, isTaken(url)]).toEqual([url, false]);
    expect(readTarget('http://example.org/', { allowHttp: true }).ok).toBe(true);
    expect(readTarget('https://example.org:22/', { allowAnyPort: true }).ok).toBe(true);
  });

  it('HOOK-3 with a name of this machine is found out when it is resolved', async () => {
    const url = new URL('https://localhost/');
    expect(await resolveTarget(url, {})).toMatchObject({ ok: false });
    expect(await resolveTarget(url, { allowPrivateAddresses: true })).toMatchObject({ ok: true });
    expect(await resolveTarget(new URL('https://name.invalid/'), {})).toMatchObject({ ok: false });
  });
});
