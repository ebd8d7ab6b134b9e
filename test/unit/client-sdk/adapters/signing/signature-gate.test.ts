import { type ChannelId, type SegmentInfo, type TrackerMessage } from '@shoal/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nativeEd25519 } from '../../../../../client-sdk/src/adapters/node/native-ed25519.ts';
import { openSigning, type Signing } from '../../../../../client-sdk/src/signing/compose.ts';
import { SignatureGate } from '../../../../../client-sdk/src/adapters/signing/signature-gate.ts';
import type { Input } from '../../../../../client-sdk/src/core/io.ts';
import type { SigningKeys } from '../../../../../client-sdk/src/signing-keys.ts';
import { channelId, originSegment, type OriginSegment } from '../../../../support/builders.ts';
import { makeSigner, type Signer } from '../../../../support/signing.ts';
import { until } from '../../../../support/until.ts';

const [A, B] = [makeSigner(), makeSigner()];
const DEMO = channelId();

function signed(
  msn: number,
  by: Signer = A,
  more: { readonly channel?: string } = {},
): OriginSegment {
  return originSegment(msn, { pieces: 1, sign: by.sign, ...more });
}

function playlist(
  segments: readonly { readonly info: SegmentInfo; readonly url: string }[],
  {
    channel = DEMO,
    ended = false,
  }: { readonly channel?: ChannelId; readonly ended?: boolean } = {},
): Extract<Input, { readonly type: 'playlist' }> {
  const { rendition } = segments[0]?.info.id ?? originSegment(0).info.id;
  return {
    type: 'playlist',
    swarm: {
      ...{ channel, rendition, ended },
      segments: segments.map(({ info, url }) => ({ info, uri: url })),
    },
    urls: segments.map(({ url }) => url),
  };
}

function push(segment: SegmentInfo): Input {
  const message: TrackerMessage = { action: 'segment', segment, viewers: 3, duties: [] };
  return { type: 'tracker-message', message };
}

/** A gate with real keys, and what it has let through. */
class Bench {
  readonly passed: Input[] = [];
  readonly warnings: string[] = [];
  readonly asked: Promise<void>;
  readonly #signing: Signing;

  constructor(source: SigningKeys = [A.publicKey]) {
    const ports = {
      source,
      now: () => performance.now(),
      warn: ({ code }: { readonly code: string }) => this.warnings.push(code),
    };
    const { signing, asked } = openSigning(ports, nativeEd25519);
    this.asked = asked;
    this.#signing = signing;
  }

  static async open(source?: SigningKeys): Promise<Bench> {
    const bench = new Bench(source);
    await bench.asked;
    return bench;
  }

  pass(input: Parameters<Signing['playlist']>[0]): Promise<void> | undefined {
    return this.#signing.playlist(input, this.#next);
  }

  push(info: SegmentInfo): void {
    this.fromTracker(push(info));
  }

  fromTracker(input: Input): void {
    this.#signing.fromTracker(input, this.#next);
  }

  readonly #next = (input: Input): void => {
    this.passed.push(input);
  };

  /** Numbers in each playlist that passed. */
  get lists(): readonly (readonly number[])[] {
    return this.passed.flatMap((input) =>
      input.type === 'playlist' ? [input.swarm.segments.map(({ info }) => info.id.msn)] : [],
    );
  }

  get pushes(): readonly SegmentInfo[] {
    return this.passed.flatMap((input) =>
      input.type === 'tracker-message' && input.message.action === 'segment'
        ? [input.message.segment]
        : [],
    );
  }

  /** Waits for what is being verified. */
  async rest(): Promise<void> {
    const marker = this.pass(playlist([signed(999)]));
    await marker;
    await marker;
    this.passed.splice(
      this.passed.findIndex((input) => input.type === 'playlist' && input.urls[0]?.includes('999')),
      1,
    );
  }
}

/** Every way in which what is said of a segment can differ from what was signed. */
const FORGERIES: readonly (readonly [
  string,
  (info: SegmentInfo, other: SegmentInfo) => SegmentInfo,
])[] = [
  ['another root', (info, other) => ({ ...info, root: other.root })],
  ['another size', (info) => ({ ...info, size: info.size + 1 })],
  ['another duration', (info) => ({ ...info, durationMs: 4_000_000_000 })],
  ['another number', (info) => ({ ...info, id: { ...info.id, msn: info.id.msn + 1 } })],
  ['another epoch', (info) => ({ ...info, id: { ...info.id, epoch: 0xffff_ffff } })],
  [
    'another rendition',
    (info) => ({
      ...info,
      id: { ...info.id, rendition: originSegment(0, { rendition: 'low' }).info.id.rendition },
    }),
  ],
  ['the signature of another segment', (info, { signature = '' }) => ({ ...info, signature })],
  ['a signature of nothing', (info) => ({ ...info, signature: 'A'.repeat(86) })],
  ['no signature', ({ id, size, durationMs, root }) => ({ id, size, durationMs, root })],
];

describe('what is let through to the engine', () => {
  it('SEG-15 a playlist of which everything verifies, whole and before the player gets it', async () => {
    const bench = await Bench.open();
    const input = playlist([signed(1), signed(2), signed(3)]);
    await bench.pass(input);
    expect(bench.passed).toEqual([input]);
    expect(bench.warnings).toEqual([]);
  });

  it('SEG-15 what has been verified passes at once from then on', async () => {
    const bench = await Bench.open();
    await bench.pass(playlist([signed(1), signed(2)]));
    expect(bench.pass(playlist([signed(1), signed(2)]))).toBeUndefined();
    expect(bench.lists).toHaveLength(2);
    bench.push(signed(2).info);
    expect(bench.pushes).toHaveLength(1);
    bench.push(signed(3).info);
    await until(() => bench.pushes.length === 2, { what: 'the push' });
    expect(bench.pass(playlist([signed(2), signed(3)]))).toBeUndefined();
    expect(bench.lists.at(-1)).toEqual([2, 3]);
  });

  it.each(FORGERIES)(
    'SEG-15 a listed segment with %s is left out, the others are not',
    async (_, forge) => {
      const bench = await Bench.open();
      const [one, two, three] = [signed(1), signed(2), signed(3)];
      await bench.pass(playlist([one, { ...two, info: forge(two.info, one.info) }, three]));
      expect(bench.lists).toEqual([[1, 3]]);
      expect(bench.warnings).toEqual(['signature-invalid']);
      const [kept] = bench.passed;
      expect(kept?.type === 'playlist' && kept.urls).toEqual([one.url, three.url]);
    },
  );

  it.each(FORGERIES)(
    'SEG-15 a segment that the tracker announces with %s is never heard of',
    async (_, forge) => {
      const bench = await Bench.open();
      const [one, two] = [signed(1), signed(2)];
      await bench.pass(playlist([one]));
      bench.push(forge(two.info, one.info));
      bench.push(two.info);
      await until(() => bench.pushes.length > 0, { what: 'the right one' });
      await bench.rest();
      expect(bench.pushes).toEqual([two.info]);
      // Nor does it cost the right one its place in the playlist, or anybody a question for keys.
      await bench.pass(playlist([one, two]));
      expect(bench.lists.at(-1)).toEqual([1, 2]);
      expect(bench.warnings).toEqual([]);
    },
  );

  it('SEG-15 nothing of another channel with the same key counts, nor a push before the channel is known', async () => {
    const bench = await Bench.open();
    bench.push(signed(1).info);
    await bench.pass(playlist([signed(1, A, { channel: 'other' })]));
    expect(bench.lists).toEqual([]);
    bench.push(signed(2, A, { channel: 'other' }).info);
    await bench.rest();
    expect(bench.passed).toEqual([]);
    const other = channelId('other');
    await bench.pass(playlist([signed(1, A, { channel: 'other' })], { channel: other }));
    expect(bench.lists).toEqual([[1]]);
  });

  it('SEG-15 of a channel of which nothing verifies the engine never hears, so that it joins no swarm', async () => {
    const bench = await Bench.open([B.publicKey]);
    for (let msn = 1; msn < 5; msn++) await bench.pass(playlist([signed(msn), signed(msn + 1)]));
    expect(bench.passed).toEqual([]);
    expect(bench.warnings).toEqual(['signature-invalid']);
  });

  it('all other inputs pass as they are, at once', async () => {
    const bench = await Bench.open();
    const inputs: readonly Input[] = [
      { type: 'tick' },
      { type: 'p2p', enabled: true },
      { type: 'tracker-message', message: { action: 'renew' } },
      { type: 'demand', demand: 1, url: 'https://origin.test/1.m4s' },
    ];
    for (const input of inputs) bench.fromTracker(input);
    expect(bench.passed).toEqual(inputs);
  });

  it('playlists pass in the order in which they came', async () => {
    const bench = await Bench.open();
    await bench.pass(playlist([signed(1)]));
    const slow = bench.pass(playlist(Array.from({ length: 60 }, (_, i) => signed(i + 1))));
    const quick = bench.pass(playlist([signed(1)]));
    await Promise.all([slow, quick]);
    expect(bench.lists.map(({ length }) => length)).toEqual([1, 60, 1]);
  });
});

describe('keys that change', () => {
  it('ORG-22 viewers that know the next key go on without a pause when it signs', async () => {
    const bench = await Bench.open([A.publicKey, B.publicKey]);
    const all = [signed(1), signed(2), signed(3, B), signed(4, B)];
    for (let to = 1; to <= 4; to++) await bench.pass(playlist(all.slice(0, to)));
    expect(bench.lists).toEqual([[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]);
    expect(bench.warnings).toEqual([]);
  });

  it('SEG-14 what came before the keys is looked at again when they come', async () => {
    let give: ((keys: readonly string[]) => void) | undefined;
    const bench = new Bench(() => new Promise((resolve) => (give = resolve)));
    await bench.pass(playlist([signed(1), signed(2)]));
    expect(bench.passed).toEqual([]);
    give?.([A.publicKey]);
    await until(() => bench.lists.length > 0, { what: 'the playlist' });
    expect(bench.lists).toEqual([[1, 2]]);
    expect(bench.warnings).toEqual([]);
  });

  it('SEG-14 keys that never come hold nothing up but sharing', async () => {
    const bench = new Bench(() => new Promise(() => {}));
    const began = performance.now();
    for (let msn = 0; msn < 20; msn++) await bench.pass(playlist([signed(msn)]));
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(bench.passed).toEqual([]);
  });

  it('SEG-14 what no key verified is looked at again with the new ones, also where it was being verified by the old', async () => {
    const right = new Set([A]);
    const gates: SignatureGate[] = [];
    let missed = 0;
    const gate = new SignatureGate({
      keys: {
        known: true,
        miss: () => (missed += 1),
        verify: async (signature) => {
          const by = [A, B].find((signer) => {
            const statements = [1, 2].map((msn) => signed(msn, signer).info.signature);
            return statements.includes(Buffer.from(signature).toString('base64url'));
          });
          const verdict = by !== undefined && right.has(by);
          // The keys change while the first is on its way.
          if (right.size === 1) {
            right.add(B);
            gates[0]?.rekeyed();
          }
          return Promise.resolve(verdict);
        },
      },
      onInvalid: () => {},
    });
    gates.push(gate);
    const lists: number[] = [];
    await gate.playlist(playlist([signed(1, B), signed(2, B)]), (input) => {
      if (input.type === 'playlist') lists.push(input.swarm.segments.length);
    });
    expect(lists).toEqual([2]);
    expect(missed).toBe(0);
  });
});

describe('long playlists and floods', () => {
  it('SEG-15 a player waits for the first 64 segments where it begins, and gets the rest in time', async () => {
    const all = Array.from({ length: 300 }, (_, msn) => signed(msn));
    for (const ended of [false, true]) {
      const bench = await Bench.open();
      await bench.pass(playlist(all, { ended }));
      const [first = []] = bench.lists;
      expect(first.length).toBeGreaterThanOrEqual(64);
      expect(first).toContain(ended ? 0 : 299);
      await until(() => bench.lists.at(-1)?.length === 300, { what: 'all of it' });
    }
  });

  it('LIM-18 no more than 64 announcements are verified at a time', async () => {
    let verifying = 0;
    let most = 0;
    const gate = new SignatureGate({
      keys: {
        known: true,
        miss: () => {},
        verify: async () => {
          most = Math.max(most, ++verifying);
          await new Promise((resolve) => setTimeout(resolve, 5));
          verifying -= 1;
          return true;
        },
      },
      onInvalid: () => {},
    });
    const passed: Input[] = [];
    const next = (input: Input): void => {
      passed.push(input);
    };
    await gate.playlist(playlist([signed(0)]), next);
    for (let msn = 1; msn < 500; msn++) gate.fromTracker(push(signed(msn).info), next);
    await until(() => verifying === 0 && passed.length > 1, { what: 'the flood to end' });
    expect(most).toBe(64);
    expect(passed).toHaveLength(65);
  });

  it('SEG-15 over any mixture of right and wrong, what passes is what was signed', async () => {
    const claim = fc.record({ msn: fc.nat(9), forgery: fc.option(fc.nat(FORGERIES.length - 1)) });
    const act = fc.record({
      push: fc.boolean(),
      claims: fc.array(claim, { minLength: 1, maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
        const bench = await Bench.open();
        const genuine = new Set(
          Array.from({ length: 10 }, (_, msn) => JSON.stringify(signed(msn).info)),
        );
        for (const { push: pushed, claims } of acts) {
          const segments = claims.map(({ msn, forgery }) => {
            const segment = signed(msn);
            const forge = forgery === null ? undefined : FORGERIES[forgery]?.[1];
            return forge === undefined
              ? segment
              : { ...segment, info: forge(segment.info, signed((msn + 1) % 10).info) };
          });
          if (pushed) for (const { info } of segments) bench.push(info);
          else await bench.pass(playlist(segments));
        }
        await bench.rest();
        const heard = bench.passed.flatMap((input) =>
          input.type === 'playlist' ? input.swarm.segments.map(({ info }) => info) : [],
        );
        for (const info of [...heard, ...bench.pushes])
          expect(genuine).toContain(JSON.stringify(info));
      }),
      { numRuns: 40 },
    );
  });
});
