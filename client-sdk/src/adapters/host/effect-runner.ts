import {
  assertNever,
  type ClientMessage,
  encodePeerMessage,
  type PeerId,
  type PeerMessage,
  type Signal,
} from '@shoal/protocol';
import type { Effect, Report } from '../../core/io.ts';

type Of<Type extends Effect['type']> = Extract<Effect, { readonly type: Type }>;

/** The parts that carry effects out. */
export type EffectPorts = {
  readonly fetches: {
    start(request: Of<'fetch'>): void;
    abort(fetch: number): void;
  };
  readonly tracker: {
    connect(): void;
    disconnect(): void;
    send(message: ClientMessage): void;
  };
  readonly links: {
    connect(link: Of<'connect'>): void;
    signal(peer: PeerId, signal: Signal): void;
    send(peer: PeerId, frame: LinkFrame): void;
    disconnect(peer: PeerId): void;
  };
  readonly demands: {
    deliver(delivery: Of<'deliver'>): void;
    fail(demand: number, status: number): void;
    fallBack(demand: number): void;
  };
  readonly report: (report: Report) => void;
};

/** An encoded message; `piece` where the engine waits for `link-drained`. */
type LinkFrame = { readonly bytes: Uint8Array<ArrayBuffer>; readonly piece: boolean };

/** Hands one effect to the part that carries it out. */
export function runEffect(effect: Effect, ports: EffectPorts): void {
  switch (effect.type) {
    case 'fetch':
      ports.fetches.start(effect);
      return;
    case 'fetch-abort':
      ports.fetches.abort(effect.fetch);
      return;
    case 'tracker-connect':
      ports.tracker.connect();
      return;
    case 'tracker-disconnect':
      ports.tracker.disconnect();
      return;
    case 'tracker-send':
      ports.tracker.send(effect.message);
      return;
    case 'connect':
      ports.links.connect(effect);
      return;
    case 'link-signal':
      ports.links.signal(effect.peer, effect.signal);
      return;
    case 'send':
      ports.links.send(effect.peer, encode(effect.message));
      return;
    case 'disconnect':
      ports.links.disconnect(effect.peer);
      return;
    case 'deliver':
      ports.demands.deliver(effect);
      return;
    case 'fail':
      ports.demands.fail(effect.demand, effect.status);
      return;
    case 'fall-back':
      ports.demands.fallBack(effect.demand);
      return;
    case 'report':
      ports.report(effect.report);
      return;
    default:
      assertNever(effect);
  }
}

function encode(message: PeerMessage): LinkFrame {
  return { bytes: encodePeerMessage(message), piece: message.type === 'piece' };
}
