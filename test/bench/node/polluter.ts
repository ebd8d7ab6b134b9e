import { readFile } from 'node:fs/promises';
import type { Effect } from '@shoal/client-sdk/core';
import { digestList, LIMITS, type PeerMessage, type Sha256 } from '@shoal/protocol';
import { sha256 } from '../../support/sha256.ts';
import type { Pollution } from '../plan.ts';

type Send = Extract<Effect, { readonly type: 'send' }>;

/** Makes what turns a peer into a polluter. `foreignVideo` is a file that holds more than a segment. */
export async function falsifier(
  pollution: Pollution,
  foreignVideo: string | undefined,
): Promise<(effect: Effect) => Effect> {
  if (pollution === 'bits') return onSend(turnBit);
  if (foreignVideo === undefined) throw new Error('no foreign video');
  return onSend(feedForeign(new Uint8Array(await readFile(foreignVideo)), sha256));
}

function onSend(falsify: (message: PeerMessage) => PeerMessage): (effect: Effect) => Effect {
  return (effect) =>
    effect.type === 'send'
      ? ({ ...effect, message: falsify(effect.message) } satisfies Send)
      : effect;
}

/** Turns the last bit of every piece. */
function turnBit(message: PeerMessage): PeerMessage {
  if (message.type !== 'piece') return message;
  const payload = message.payload.slice();
  payload[payload.length - 1] = (payload[payload.length - 1] ?? 0) ^ 1;
  return { ...message, payload };
}

/** Serves the bytes of another video in place of every segment, and the digest list that fits them. */
function feedForeign(video: Uint8Array, hash: Sha256): (message: PeerMessage) => PeerMessage {
  const bytes = (from: number, length: number): Uint8Array => video.slice(from, from + length);
  return (message) => {
    if (message.type === 'piece') {
      const payload = bytes(message.index * LIMITS.pieceBytes, message.payload.length);
      return payload.length === message.payload.length ? { ...message, payload } : turnBit(message);
    }
    if (message.type !== 'digests') return message;
    const pieces = message.list.length / 32;
    return { ...message, list: digestList(bytes(0, pieces * LIMITS.pieceBytes), hash) };
  };
}
