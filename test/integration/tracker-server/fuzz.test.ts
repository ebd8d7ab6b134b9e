import { connect } from 'node:net';
import { startTracker } from '@shoal/tracker';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { seededRandom } from '../../support/seeded-random.ts';
import { until } from '../../support/until.ts';
import { RawClient } from './raw-client.ts';

/** Ten seconds in the suite; `SHOAL_FUZZ_SECONDS=600` for the ten minutes of a release. */
const FUZZ_MS = 1_000 * Number(process.env['SHOAL_FUZZ_SECONDS'] ?? 10);
/** An honest viewer says where it is now and then, or is given up after 90 s. */
const UPDATE_MS = 5_000;
const SEED = 20_260_101;
const HASH = 'abcdefghijklmnopqrst';
const offer = { offer_id: HASH, offer: { type: 'offer', sdp: 'v=0' } };
const announce = {
  action: 'announce',
  info_hash: HASH,
  peer_id: HASH,
  numwant: 1,
  offers: [offer],
};
const VALID: readonly object[] = [
  { action: 'join', version: 1, channel: 'demo', shares: true },
  { action: 'signal', to: 'x', session: 's', signal: { kind: 'offer', sdp: 'v=0' } },
  { action: 'leave' },
  announce,
  { ...announce, event: 'stopped' },
  { ...announce, to_peer_id: HASH, offer_id: HASH, answer: { type: 'answer', sdp: 'v=0' } },
  { action: 'scrape', info_hash: [HASH] },
  {
    action: 'update',
    rendition: 'a',
    epoch: 1,
    lo: 0,
    hi: 5,
    next: 6,
    also: ['b'],
    neighbours: 0,
    want: 12,
  },
];

/** Bytes that are somewhere between a valid message and noise. */
function garbage(random: () => number): string | Buffer {
  const pick = <T>(items: readonly T[]): T | undefined =>
    items[Math.floor(random() * items.length)];
  const text = JSON.stringify(pick(VALID));
  const at = Math.floor(random() * text.length);
  switch (Math.floor(random() * 7)) {
    case 0:
      return text;
    case 1:
      return text.slice(0, at);
    case 2:
      return text.slice(0, at) + String.fromCharCode(random() * 65_536) + text.slice(at + 1);
    case 3:
      return text.replace(
        /:("[^"]*"|\d+)/,
        `:${pick(['null', '[]', '{}', '-1', '1e400', '""']) ?? ''}`,
      );
    case 4:
      return text.replace(
        '{',
        `{"__proto__":{"action":"join"},"x":"${'y'.repeat(random() * 70_000)}",`,
      );
    case 5:
      return Buffer.from(Array.from({ length: random() * 200 }, () => random() * 256));
    default:
      return '['.repeat(random() * 30_000);
  }
}

/** One hostile connection: talks until it is closed, or hangs up in the middle. */
async function attack(port: number, random: () => number): Promise<void> {
  const ws = new WebSocket(`ws://127.0.0.1:${String(port)}/?channel=${String(random())}`);
  ws.on('error', () => {});
  await until(() => ws.readyState !== WebSocket.CONNECTING, { what: 'connected' });
  for (let i = random() * 20; i > 0 && ws.readyState === WebSocket.OPEN; i--)
    ws.send(garbage(random), { binary: random() < 0.05 });
  if (random() < 0.5) ws.terminate();
  else ws.close();
  await until(() => ws.readyState === WebSocket.CLOSED, { what: 'closed' });
}

/** Noise below the WebSocket layer. */
async function attackRaw(port: number, random: () => number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {}).resume();
  const request =
    'GET / HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
  socket.write(request.slice(0, random() < 0.7 ? undefined : random() * request.length));
  socket.write(Buffer.from(Array.from({ length: random() * 500 }, () => random() * 256)));
  await new Promise((resolve) => setTimeout(resolve, random() * 20));
  socket.destroy();
}

it('TRK-3 garbage in both dialects: no crash, no leak, and honest viewers are served throughout', async () => {
  const tracker = await startTracker({ host: '127.0.0.1', port: 0 });
  try {
    const random = seededRandom(SEED);
    const ann = await RawClient.join(tracker.port, 'honest');
    const end = Date.now() + FUZZ_MS;
    let attacks = 0;
    let saidAt = Date.now();
    while (Date.now() < end) {
      if (Date.now() - saidAt > UPDATE_MS) {
        saidAt = Date.now();
        ann.update({ want: 0 });
      }
      const wave = Array.from({ length: 10 }, (_, i) =>
        i < 8 ? attack(tracker.port, random) : attackRaw(tracker.port, random),
      );
      await Promise.all(wave);
      attacks += wave.length;
    }
    expect(attacks).toBeGreaterThan(100);
    const ben = await RawClient.join(tracker.port, 'honest');
    const { peer, session } = await ben.next('introduce');
    ben.say({ action: 'signal', to: peer, session, signal: { kind: 'offer', sdp: 'v=0' } });
    expect(await ann.next('signal')).toMatchObject({ session });
    await until(() => tracker.totals().connections === 2, { what: 'all attackers are forgotten' });
    expect(tracker.totals()).toEqual({ connections: 2, channels: 1, swarms: 0 });
  } finally {
    await tracker.close();
  }
});
