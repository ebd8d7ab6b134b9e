import { type Duty, type PeerMessage, REJECT } from '@shoal/protocol';
import fc from 'fast-check';
import { type OriginSegment, originSegment } from './builders.ts';

const PEERS = ['a', 'b', 'c', 'd', 'e', 'f'];

/** The segments that the events are about. */
export const EVENT_SEGMENTS: readonly OriginSegment[] = [10, 11, 12, 13, 14, 15, 16, 17].map(
  (msn) => originSegment(msn, { pieces: 5 }),
);

/** Something that happens to an engine; with enough of them everything goes wrong once. */
export type EngineEvent =
  | {
      readonly type: 'list' | 'demand' | 'cancel' | 'open-tracker' | 'close-tracker';
      readonly n: number;
    }
  | {
      readonly type: 'play';
      readonly n: number;
      readonly bufferedMs: number;
      readonly playing: boolean;
    }
  | { readonly type: 'p2p'; readonly enabled: boolean }
  | {
      readonly type: 'upload';
      readonly shares: boolean;
      readonly limit: number | undefined;
      readonly budget: number | undefined;
    }
  | { readonly type: 'announce'; readonly n: number; readonly duties: readonly Duty[] }
  | {
      readonly type: 'offer' | 'open' | 'close' | 'drain' | 'have' | 'reject';
      readonly n: number;
      readonly peer: string;
    }
  | { readonly type: 'serve'; readonly peer: string; readonly corrupt: boolean }
  | { readonly type: 'say'; readonly peer: string; readonly message: PeerMessage }
  | { readonly type: 'noise'; readonly peer: string; readonly frame: Uint8Array }
  | {
      readonly type: 'answer';
      readonly n: number;
      readonly fault: 'none' | 'corrupt' | 'short' | 'whole' | 'shifted' | 'fail';
    }
  | { readonly type: 'chunk'; readonly n: number; readonly bytes: number }
  | { readonly type: 'wait'; readonly ms: number };

const n = fc.nat(EVENT_SEGMENTS.length - 1);
const peer = fc.constantFrom(...PEERS);
const index = fc.nat(30).map((chance) => (chance === 30 ? 5 : chance % 5));
const segment = fc.constantFrom(...EVENT_SEGMENTS).map(({ info }) => info.id);
const request = fc.record({
  type: fc.constantFrom('request', 'request', 'cancel'),
  segment,
  index,
  count: fc.integer({ min: 1, max: 3 }),
});
const message: fc.Arbitrary<PeerMessage> = fc.oneof(
  fc.record({
    type: fc.constant('pieces'),
    segment,
    indexes: fc.array(index, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ type: fc.constant('digests-request'), segment }),
  fc.record({ type: fc.constant('fetching'), segment, from: fc.nat(4), to: fc.constant(5) }),
  fc.record({
    type: fc.constant('reject'),
    segment,
    index,
    reason: fc.constantFrom(...Object.values(REJECT)),
  }),
  fc.record({
    type: fc.constant('piece'),
    segment,
    index,
    payload: fc.uint8Array({ minLength: 1, maxLength: 50 }),
  }),
  fc.record({ type: fc.constant('digests'), segment, list: fc.constant(new Uint8Array(160)) }),
  fc.record({ type: fc.constant('hello'), version: fc.nat(2), shares: fc.boolean() }),
  fc.record({ type: fc.constant('sharing'), shares: fc.boolean() }),
  fc.record({ type: fc.constant('bye'), reason: fc.constant(1) }),
);

/** Kind things happen more often than evil ones, so that a run gets somewhere. */
export const engineEvent: fc.Arbitrary<EngineEvent> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('list', 'demand'), n }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom('cancel', 'open-tracker', 'close-tracker'), n }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('play'),
      n,
      bufferedMs: fc.nat(12_000),
      playing: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('p2p'), enabled: fc.constantFrom(true, true, false) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('upload'),
      shares: fc.constantFrom(true, true, false),
      limit: fc.constantFrom(undefined, 0, 20_000, 100_000),
      budget: fc.constantFrom(undefined, 0, 50_000, 500_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('announce'),
      n,
      duties: fc.array(fc.record({ stripe: fc.nat(1), of: fc.constant(2), rank: fc.nat(3) }), {
        maxLength: 3,
      }),
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      type: fc.constantFrom('offer', 'offer', 'offer', 'have', 'drain'),
      n,
      peer,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom('open', 'close', 'reject'), n, peer }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      type: fc.constant('serve'),
      peer,
      corrupt: fc.nat(15).map((chance) => chance === 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('say'), peer, message }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('say'), peer, message: request }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('noise'),
      peer,
      frame: fc.uint8Array({ maxLength: 60 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('answer'),
      n,
      fault: fc.constantFrom(
        'none',
        'none',
        'none',
        'corrupt',
        'short',
        'whole',
        'shifted',
        'fail',
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('chunk'),
      n,
      bytes: fc.integer({ min: 1, max: 40_000 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('wait'), ms: fc.nat(400) }) },
);
