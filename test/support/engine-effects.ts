import type { Effect, Report } from '@shoal/client-sdk/core';
import type { PeerMessage } from '@shoal/protocol';

/** The effects, and the messages sent to peers, of one type. */
export type EffectOf<Type extends Effect['type']> = Extract<Effect, { type: Type }>;
export type SentMessage<Type extends PeerMessage['type']> = Extract<PeerMessage, { type: Type }>;

export function isOf<Type extends Effect['type']>(
  effect: Effect,
  type: Type,
): effect is EffectOf<Type> {
  return effect.type === type;
}

export function isReport<Type extends Report['type']>(
  report: Report,
  type: Type,
): report is Extract<Report, { type: Type }> {
  return report.type === type;
}

export function isMessage<Type extends PeerMessage['type']>(
  message: PeerMessage,
  type: Type,
): message is SentMessage<Type> {
  return message.type === type;
}

/** The pieces that a request is for. */
export function piecesOf({
  index,
  count,
}: Extract<PeerMessage, { type: 'request' }>): readonly number[] {
  return Array.from({ length: count }, (_, i) => index + i);
}
