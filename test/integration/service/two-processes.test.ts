import { describe, expect, it, onTestFinished } from 'vitest';
import { SqlFeedLog } from '../../../server/src/adapters/feed/sql-feed-log.ts';
import { channelId } from '../../support/builders.ts';
import { findPostgres } from '../../support/find-postgres.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { pause, until } from '../../support/until.ts';
import { ChatScene } from './chat-scene.ts';
import { openForTest } from './databases.ts';
import { Receiver } from './receiver.ts';
import { field, type Told, type TestReader, type TestService } from './test-service.ts';
import { TwoProcesses } from './two-processes.ts';

const MESSAGES = 2_000;
const WRITERS = 130;
const EACH = 16;

/** A reader that comes back with its last number whenever it was closed, as an application does. */
class LastingReader {
  readonly seqs: number[] = [];
  readonly texts: string[] = [];
  resyncs = 0;
  readonly #open: (after: number | undefined) => Promise<TestReader>;
  #reader: TestReader | undefined;
  #taken = 0;
  #stopped = false;

  private constructor(open: (after: number | undefined) => Promise<TestReader>) {
    this.#open = open;
  }

  static async start(service: TestService, channel: string): Promise<LastingReader> {
    const reader = new LastingReader((after) =>
      service.read(channel, after === undefined ? {} : { after }),
    );
    reader.#reader = await reader.#open(undefined);
    void reader.#go();
    onTestFinished(() => {
      reader.#stopped = true;
    });
    return reader;
  }

  async #go(): Promise<void> {
    while (!this.#stopped) {
      await pause(20);
      const told: readonly Told[] = this.#reader?.told ?? [];
      for (; this.#taken < told.length; this.#taken++) this.#take(told[this.#taken]);
      if (this.#reader?.closed === undefined) continue;
      const again = await this.#open(this.seqs.at(-1) ?? 0).catch(() => undefined);
      if (again === undefined) continue;
      this.#reader = again;
      this.#taken = 0;
    }
  }

  #take(told: Told | undefined): void {
    if (told?.type === 'resync') this.resyncs += 1;
    if (told?.type !== 'chat.message') return;
    this.seqs.push(Number(told['seq']));
    this.texts.push((told['data'] as { readonly text: string }).text);
  }
}

/** Whether the message was taken; undefined where that is not known. */
async function write(scene: ChatScene, token: string, text: string): Promise<true | undefined> {
  const answer = await scene.say(token, text).catch(() => undefined);
  if (answer?.status === 201) return true;
  if (answer === undefined || answer.status >= 500) return undefined;
  throw new Error(JSON.stringify(answer.body));
}

describe.runIf(findPostgres() !== undefined)('two processes, one PostgreSQL, one Redis', () => {
  it('FEED-8 FEED-9 2,000 messages from both, over kill -9 of one and of Redis: all readers have all of them once, in one order', async () => {
    const all = await TwoProcesses.start();
    const here = await ChatScene.start(all.here);
    const there = here.in(all.there);
    const tokens: string[] = [];
    for (let i = 0; i < WRITERS; i++) tokens.push(await all.here.guest());
    const readers = [
      await LastingReader.start(all.here, here.channel),
      await LastingReader.start(all.here, here.channel),
      await LastingReader.start(all.there, here.channel),
      await LastingReader.start(all.there, here.channel),
    ];
    const random = seededRandom(3);
    const taken = new Set<string>();
    const unknown = new Set<string>();
    let [next, stage] = [0, 0];
    /** What happens in between, once so many are taken. */
    const happens: readonly (readonly [at: number, what: () => Promise<void>])[] = [
      [400, () => all.redis.stop()],
      [700, () => all.redis.start()],
      [1_000, () => all.kill()],
      [1_200, () => all.revive()],
      [1_500, () => all.kill()],
      [1_600, () => all.revive()],
    ];
    let happening = Promise.resolve();
    // Each writes less than anybody may.
    await Promise.all(
      tokens.map(async (token, writer) => {
        for (let i = 0; i < EACH && next < MESSAGES; i++) {
          next += 1;
          // Who has no answer says it again in other words, which the other process may hear.
          for (let again = 0; ; again++) {
            const text = `${writer} ${i} ${again}`;
            if (await write(random() < 0.5 ? here : there, token, text)) {
              taken.add(text);
              break;
            }
            unknown.add(text);
          }
          const due = happens[stage];
          if (due !== undefined && next >= due[0]) {
            stage += 1;
            happening = happening.then(due[1]);
          }
          await pause(random() * 400);
        }
      }),
    );
    await happening;
    expect([taken.size, stage]).toEqual([MESSAGES, happens.length]);
    // The database says which there are.
    const listed: { readonly seq: number; readonly text: string }[] = [];
    let cursor = '';
    do {
      const { body } = await here.as(undefined, `GET /chat/messages?limit=100${cursor}`);
      const page = body as { messages: typeof listed; next: string | null };
      listed.unshift(...[...page.messages].reverse());
      cursor = page.next === null ? '' : `&cursor=${page.next}`;
    } while (cursor !== '');
    const seqs = listed.map(({ seq }) => seq);
    const texts = listed.map(({ text }) => text);
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
    expect(new Set(texts).size).toBe(texts.length);
    for (const text of taken) expect(texts).toContain(text);
    expect(texts.length).toBeLessThanOrEqual(taken.size + unknown.size);
    for (const reader of readers) {
      await until(() => reader.seqs.length >= listed.length, {
        what: 'all of it',
        timeoutMs: 60_000,
      });
      expect(reader.seqs).toEqual(seqs);
      expect(reader.texts).toEqual(texts);
      expect(reader.resyncs).toBe(0);
    }
    console.info({ taken: taken.size, unanswered: unknown.size, listed: listed.length });
  }, 300_000);

  it('FEED-9 what is told while Redis is away is told at the other process within seconds, and at once when it is back', async () => {
    const all = await TwoProcesses.start();
    const scene = await ChatScene.start(all.here);
    const [near, far] = [await all.here.read(scene.channel), await all.there.read(scene.channel)];
    await scene.said('vi', 'with');
    await far.of('chat.message', 1);
    await all.redis.stop();
    const begun = performance.now();
    await scene.said('vi', 'without');
    await near.of('chat.message', 2);
    const nearMs = performance.now() - begun;
    await far.of('chat.message', 2);
    const farMs = performance.now() - begun;
    await all.redis.start();
    // It is connected again, after which it takes no polling.
    const quick = async (): Promise<boolean> => {
      const count = far.told.length;
      const at = performance.now();
      await scene.said('mo', 'again');
      await until(() => far.told.length > count, { what: 'it' });
      return performance.now() - at < 500;
    };
    await until(quick, { what: 'Redis to be used again' });
    expect(nearMs).toBeLessThan(1_000);
    expect(farMs).toBeLessThan(5_000);
    console.info({ nearMs, farMs });
  });

  it('CHT-8 a ban at one process holds at the other at once, without Redis too', async () => {
    const all = await TwoProcesses.start();
    const here = await ChatScene.start(all.here);
    const there = here.in(all.there);
    for (const redis of ['there', 'away']) {
      if (redis === 'away') await all.redis.stop();
      for (let i = 0; i < 5; i++) {
        const guest = await all.here.guest();
        const { body } = await there.say(guest);
        const { author } = body as { readonly author: { readonly id: string } };
        expect((await here.as('mo', `PUT /bans/${author.id}`, {})).status).toBe(200);
        expect(await there.say(guest)).toMatchObject({ status: 403, body: { code: 'banned' } });
        expect((await there.as('mo', `DELETE /bans/${author.id}`)).status).toBe(204);
        expect((await here.say(guest)).status).toBe(201);
      }
    }
  });

  it('CHT-8 slow mode and rates hold over both, for messages of the same moment too', async () => {
    const all = await TwoProcesses.start();
    const here = await ChatScene.start(all.here);
    const there = here.in(all.there);
    const burst = async (token: string, count: number): Promise<number> => {
      const sides = Array.from({ length: count }, (_, i) => (i % 2 === 0 ? here : there));
      const answers = await Promise.all(sides.map((side) => side.say(token)));
      expect(answers.filter(({ status }) => status !== 201 && status !== 429)).toEqual([]);
      return answers.filter(({ status }) => status === 201).length;
    };
    for (let i = 0; i < 3; i++) expect(await burst(await all.here.guest(), 40)).toBe(20);
    expect((await here.settings({ slowModeSeconds: 60 })).status).toBe(200);
    for (let i = 0; i < 5; i++) expect(await burst(await all.here.guest(), 10)).toBe(1);
  });

  it('MON-2 HOOK-2 what both do is done once: alerts are told in one order at both, and webhooks have each event', async () => {
    const all = await TwoProcesses.start();
    const receiver = await Receiver.start();
    onTestFinished(() => receiver.close());
    const { here, there } = all;
    await here.makeChannel('demo', 'ana');
    const ana = await here.tokenOf('ana');
    const hook = { token: ana, body: { url: receiver.url } };
    expect((await there.call('POST', '/v1/channels/demo/webhooks', hook)).status).toBe(201);
    const overlays = [
      await here.read('demo', { audience: 'streamer', token: ana }),
      await there.read('demo', { audience: 'streamer', token: ana }),
    ];
    const token = await here.tokenOf('vi');
    const body = { amount: { minorUnits: 500, currency: 'EUR' }, method: 'sandbox-pays' };
    // Each is asked for at both at once, with one key.
    const made = await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        const headers = { 'Idempotency-Key': `d${i}` };
        const ask = async (at: TestService): Promise<string> => {
          for (;;) {
            const call = { token, body, headers };
            const answer = await at.call('POST', '/v1/channels/demo/donations', call);
            if (answer.status === 201) return field(answer.body, 'id');
            expect(answer).toMatchObject({ status: 409, body: { code: 'request-in-progress' } });
            await pause(20);
          }
        };
        const [one, two] = await Promise.all([ask(here), ask(there)]);
        expect(two).toBe(one);
        return one;
      }),
    );
    expect(new Set(made).size).toBe(30);
    const of = (told: Readonly<Record<string, unknown>>): string =>
      (told['data'] as { readonly donation: string }).donation;
    const orders: (readonly string[])[] = [];
    for (const overlay of overlays)
      orders.push((await overlay.of('donation.received', 30)).map(of));
    expect(new Set(orders[0])).toEqual(new Set(made));
    expect(orders[0]).toHaveLength(30);
    expect(orders[1]).toEqual(orders[0]);
    await until(() => receiver.received.length >= 30, { what: 'deliveries' });
    // Nothing comes again: the senders of both have looked since.
    await pause(2_500);
    const delivered = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect([delivered.length, new Set(delivered).size]).toEqual([30, 30]);
  });

  it('HOOK-2 what a process appended before it died is delivered by the other', async () => {
    const all = await TwoProcesses.start();
    const receiver = await Receiver.start();
    onTestFinished(() => receiver.close());
    const { here } = all;
    await here.makeChannel('demo', 'ana');
    const hook = { token: here.admin, body: { url: receiver.url } };
    expect((await here.call('POST', '/v1/channels/demo/webhooks', hook)).status).toBe(201);
    // Appended to the database, and nobody told: as by a process that died at that moment.
    const db = await openForTest(all.database);
    const log = new SqlFeedLog(db, () => undefined);
    const feed = { channel: channelId('demo'), audience: 'viewers' } as const;
    await log.append(feed, { type: 'stream.online', data: {} }, { at: 1, id: 'e1' });
    await until(() => receiver.received.length > 0, { what: 'it', timeoutMs: 20_000 });
    expect(receiver.received[0]?.headers['webhook-id']).toBe('e1');
  });
});
