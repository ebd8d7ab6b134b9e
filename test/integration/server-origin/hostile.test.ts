import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { parseChannelId, unwrap } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '@shoal/server/core';
import { seededBytes, seededRandom } from '../../support/seeded-random.ts';
import { until } from '../../support/until.ts';
import { amfBody, RtmpClient, rtmpMessage } from './rtmp-client.ts';
import { LADDER } from './rungs.ts';
import { scene } from './scene.ts';
import { DEMO, type TestOrigin } from './test-origin.ts';

const { start, publish, connect } = scene();

/** 5,000 nested AMF0 objects: `{a: {a: …`. */
const NESTED = Buffer.concat([
  amfBody('connect', 1),
  Buffer.concat(Array.from({ length: 5_000 }, () => Buffer.of(3, 0, 1, 0x61))),
]);

type Attack = {
  readonly name: string;
  /** What it needs before: nothing, the handshake, or connect and createStream. */
  readonly after: 'nothing' | 'handshake' | 'connect';
  readonly send: (client: RtmpClient) => void;
};

const connectTo = (tcUrl: string | undefined): Buffer =>
  rtmpMessage(20, amfBody('connect', 1, { app: 'live', ...(tcUrl !== undefined && { tcUrl }) }));

const ATTACKS: readonly Attack[] = [
  {
    name: 'a tcUrl that is no URL',
    after: 'handshake',
    send: (c) => {
      c.send(connectTo('nonsense'));
    },
  },
  {
    name: 'a connect without tcUrl',
    after: 'handshake',
    send: (c) => {
      c.send(connectTo(undefined));
    },
  },
  {
    name: 'a publish without a name',
    after: 'connect',
    send: (c) => {
      c.command('publish', 3, null);
    },
  },
  {
    name: 'an empty set-chunk-size',
    after: 'handshake',
    send: (c) => {
      c.send(rtmpMessage(1, Buffer.alloc(0)));
      // A message without a body is complete only when the parser looks at its next byte.
      c.send(rtmpMessage(1, Buffer.alloc(0)));
    },
  },
  {
    name: 'a chunk size of zero',
    after: 'handshake',
    send: (c) => {
      c.send(rtmpMessage(1, Buffer.alloc(4)));
    },
  },
  {
    name: 'a zero-length video message before publishing',
    after: 'connect',
    send: (c) => {
      c.send(rtmpMessage(9, Buffer.alloc(0), { stream: 1 }));
      c.send(rtmpMessage(9, Buffer.alloc(0), { stream: 1 }));
    },
  },
  {
    name: 'deeply nested AMF',
    after: 'handshake',
    send: (c) => {
      c.send(rtmpMessage(20, NESTED));
    },
  },
  {
    name: 'AMF that ends in the middle of a string',
    after: 'handshake',
    send: (c) => {
      c.send(rtmpMessage(20, Buffer.of(2, 0xff, 0xff, 0x61)));
    },
  },
  {
    name: 'a publish before connect',
    after: 'handshake',
    send: (c) => {
      c.publish('anything');
    },
  },
  {
    name: 'a play request',
    after: 'connect',
    send: (c) => {
      c.command('play', 3, null, 'stream');
    },
  },
  {
    name: 'a message of 16 MB',
    after: 'handshake',
    send: (c) => {
      c.send(rtmpMessage(9, Buffer.alloc(64), { length: 0xff_ffff }));
    },
  },
  {
    name: 'a message that grows while it is sent',
    after: 'handshake',
    send: (c) => {
      c.send(rtmpMessage(20, Buffer.alloc(128), { length: 200 }));
      c.send(rtmpMessage(20, Buffer.alloc(128), { length: 60_000 }));
    },
  },
  {
    name: 'sixty chunk streams',
    after: 'handshake',
    send: (c) => {
      for (let id = 3; id < 63; id++)
        c.send(rtmpMessage(9, Buffer.alloc(128), { chunkStream: id, length: 1_000_000 }));
    },
  },
  {
    name: 'random bytes instead of chunks',
    after: 'handshake',
    send: (c) => {
      c.send(Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7919 + 13) % 251)));
    },
  },
  {
    name: 'an HTTP request',
    after: 'nothing',
    send: (c) => {
      c.send(Buffer.from(`GET / HTTP/1.1\r\nUpgrade: websocket\r\n${'x'.repeat(8_000)}`));
    },
  },
];

async function attack(test: TestOrigin, { after, send }: Attack): Promise<RtmpClient> {
  const { rtmpPort } = test.origin;
  const client = await connect(
    after === 'nothing'
      ? RtmpClient.connect(rtmpPort)
      : after === 'handshake'
        ? RtmpClient.shaken(rtmpPort)
        : RtmpClient.connected(rtmpPort),
  );
  send(client);
  return client;
}

/** An AVC sequence header and key frames of a stream that nobody may see. */
function injectVideo(client: RtmpClient): void {
  for (let i = 0; i < 10; i++)
    client.send(
      rtmpMessage(9, Buffer.of(0x17, 1, 0, 0, 0, ...Buffer.from('INJECTED')), { stream: 1 }),
    );
}

describe('a hostile network', () => {
  it('ORG-2 no input ends the ingest process or touches the publisher', async () => {
    const test = await start();
    await publish(test.rtmpUrl());
    await test.playlistWhere((p) => p.segments.length >= 1, 'a segment');
    const { ingest } = test.origin.processes();
    await Promise.all(
      ATTACKS.map(async (one) => {
        const client = await attack(test, one);
        const what = `the end of ${one.name}`;
        await until(() => client.closed, { what, timeoutMs: 6_000 });
      }),
    );
    expect(test.origin.processes().ingest).toBe(ingest);
    const { segments } = await test.playlistWhere(() => true, 'a playlist');
    const newest = segments.at(-1)?.msn ?? 0;
    const on = await test.playlistWhere(
      (p) => (p.segments.at(-1)?.msn ?? 0) >= newest + 2,
      'two more segments',
    );
    expect(new Set(on.segments.map(({ epoch }) => epoch)).size).toBe(1);
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-2 publishers count for no limit: one address may publish to any number of channels', async () => {
    const names = Array.from({ length: 40 }, (_, i) => unwrap(parseChannelId(`many-${i}`)));
    const test = await start({ channels: names.map((channel) => ({ channel })) });
    const { rtmpPort } = test.origin;
    const publishers: RtmpClient[] = [];
    for (const channel of names) {
      const client = await connect(RtmpClient.connected(rtmpPort));
      client.publish(test.origin.streamKey(channel));
      await client.hears('NetStream.Publish.Start');
      publishers.push(client);
    }
    // Nor do they lend their places: those who only connect push each other out, not them.
    const idle: RtmpClient[] = [];
    for (let i = 0; i < 2 * ORIGIN_LIMITS.rtmpConnectionsPerIp; i++)
      idle.push(await connect(RtmpClient.connected(rtmpPort)));
    await until(
      () => idle.filter((client) => !client.closed).length <= ORIGIN_LIMITS.rtmpConnectionsPerIp,
      { what: 'idle connections to make room' },
    );
    expect(publishers.filter((client) => client.closed)).toEqual([]);
  });

  it('ORG-2 conversations with random bytes changed end no more than themselves', async () => {
    const test = await start();
    const { rtmpPort } = test.origin;
    const { ingest } = test.origin.processes();
    const key = test.origin.streamKey(DEMO);
    const talk = Buffer.concat([
      connectTo(`rtmp://127.0.0.1:${rtmpPort}/live`),
      rtmpMessage(20, amfBody('createStream', 2, null)),
      rtmpMessage(20, amfBody('publish', 3, null, key, 'live'), { stream: 1 }),
      rtmpMessage(9, Buffer.alloc(300, 0x17), { stream: 1 }),
      rtmpMessage(8, Buffer.alloc(30, 0xaf), { stream: 1 }),
    ]);
    const random = seededRandom(42);
    for (let round = 0; round < 15; round++) {
      const clients = await Promise.all(
        Array.from({ length: 10 }, () => RtmpClient.shaken(rtmpPort)),
      );
      for (const client of clients) {
        const changed = Buffer.from(talk);
        for (let i = 0; i < 1 + random() * 8; i++)
          changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256);
        client.send(changed);
      }
      await Promise.all(clients.map((client) => client.flushed()));
      for (const client of clients) client.destroy();
    }
    expect(test.origin.processes().ingest).toBe(ingest);
    await publish(test.rtmpUrl());
    await test.playlistWhere((p) => p.segments.length >= 1, 'a segment');
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-1 a wrong key is refused before it is accepted, and nothing it sends reaches anybody', async () => {
    const test = await start();
    const client = await connect(RtmpClient.connected(test.origin.rtmpPort));
    client.publish('not-the-key');
    injectVideo(client);
    await client.hears('NetStream.Publish.BadName');
    expect(client.heard('NetStream.Publish.Start')).toBe(false);
    await client.ends();
    // It ignores that the server has ended the connection, and goes on.
    await client.isReset(() => {
      injectVideo(client);
    });
    expect(await test.status()).toMatchObject({ state: 'idle' });
    expect(test.events).toEqual([]);
    const publisher = await publish(test.rtmpUrl('wrong-key-as-well'));
    expect(await publisher.exit()).not.toBe(0);
  });

  it('ORG-1 the right key in the wrong application is refused', async () => {
    const test = await start();
    const client = await connect(RtmpClient.connected(test.origin.rtmpPort, 'other'));
    client.publish(test.origin.streamKey(DEMO));
    await client.hears('NetStream.Publish.BadName');
    await client.ends();
  });

  it('ORG-2 neither a player nor a refused publisher can put media into a live channel', async () => {
    const test = await start();
    await publish(test.rtmpUrl());
    await test.playlistWhere((p) => p.segments.length >= 1, 'a segment');
    const player = await connect(RtmpClient.connected(test.origin.rtmpPort));
    player.command('play', 3, null, test.origin.streamKey(DEMO));
    injectVideo(player);
    const refused = await connect(RtmpClient.connected(test.origin.rtmpPort));
    refused.publish('not-the-key');
    injectVideo(refused);
    await player.ends();
    await refused.ends();
    const { segments } = await test.playlistWhere((p) => p.segments.length >= 3, 'segments');
    for (const { uri } of segments)
      expect(Buffer.from(await test.verifiedSegment(uri)).includes('INJECTED')).toBe(false);
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-2 an authenticated publisher that sends garbage harms only its own channel', async () => {
    const other = unwrap(parseChannelId('other'));
    const test = await start({ channels: [{ channel: DEMO }, { channel: other }] });
    await publish(test.rtmpUrl());
    const { ingest } = test.origin.processes();
    const client = await connect(RtmpClient.connected(test.origin.rtmpPort));
    client.publish(test.origin.streamKey(other));
    await client.hears('NetStream.Publish.Start');
    const random = seededRandom(7);
    for (let i = 0; i < 200; i++) {
      const body = Buffer.from(seededBytes(i, 5 + Math.floor(random() * 2_000)));
      // Half of it looks like H.264 or AAC at first sight.
      if (i % 2 === 0) body.set(i % 4 === 0 ? [0x17, i % 8 === 0 ? 0 : 1, 0, 0, 0] : [0xaf, i % 3]);
      client.send(rtmpMessage(i % 4 === 2 ? 8 : 9, body, { stream: 1 }));
      client.send(rtmpMessage(9, Buffer.alloc(0), { stream: 1 }));
    }
    await test.playlistWhere((p) => p.segments.length >= 3, 'three segments');
    expect(test.origin.processes().ingest).toBe(ingest);
    expect(await test.status()).toEqual({ state: 'live', reason: '' });
    expect(test.linter.problems).toEqual([]);
  });

  it('ORG-2 300 silent connections are gone after 6 s and keep no publisher out', async () => {
    const test = await start();
    const { rtmpPort } = test.origin;
    const silent = await Promise.all(
      Array.from({ length: 300 }, () => connect(RtmpClient.connect(rtmpPort))),
    );
    await publish(test.rtmpUrl());
    await test.playlistWhere((p) => p.segments.length >= 1, 'a segment', 10_000);
    await until(() => silent.every(({ closed }) => closed), {
      what: 'the end of all silent connections',
      timeoutMs: 8_000,
    });
    expect(await test.status()).toMatchObject({ state: 'live' });
  });

  it('ORG-2 a client that never reads the answers is cut off', async () => {
    const test = await start();
    const client = await connect(RtmpClient.connected(test.origin.rtmpPort));
    const flood = Buffer.concat(
      Array.from({ length: 5_000 }, (_, i) => rtmpMessage(20, amfBody('createStream', i, null))),
    );
    client.stopReading();
    const end = Date.now() + 8_000;
    while (!client.closed && Date.now() < end) {
      client.send(flood);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(client.closed).toBe(true);
  });

  it('the processes of an origin that was closed are gone', async () => {
    const test = await start({ ladder: LADDER });
    const publisher = await publish(test.rtmpUrl());
    await test.playlistWhere((p) => p.segments.length >= 1, 'a segment');
    const { ingest, encoders } = test.origin.processes();
    expect(encoders).toHaveLength(1);
    const pids = [ingest, ...encoders.map(({ pid }) => pid)];
    await test.down();
    await publisher.exit();
    for (const pid of pids) expect(() => process.kill(pid ?? 0, 0)).toThrow();
  });
});
