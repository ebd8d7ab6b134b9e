import { type ChatAnswer, type ChatMessage } from '@shoal/protocol';
import { z } from 'zod';
import { type Chat } from '../chat/chat.ts';
import { FEED_CLOSE, type Speaker } from '../feed/feed-server.ts';
import { type Gate } from './gate.ts';
import { ApiProblem } from './problems.ts';
import { shownMessage } from './shown-message.ts';

/** What is needed to take messages of readers. */
export type ChatSocketPorts = {
  readonly gate: Gate;
  readonly chat: Chat;
  readonly onError: (error: unknown) => void;
};

const SEND = z.object({
  type: z.literal('chat.send'),
  ref: z.string().max(64),
  text: z.string(),
});

/**
 * Takes `chat.send` of readers of feeds (CHT-9); other messages are left to others. Those of one reader are taken one after the other. Who the
 * reader is, is asked anew each time: one whose token does not hold any more is told so and closed.
 */
export function chatOverSocket(
  ports: ChatSocketPorts,
): (speaker: Speaker, message: unknown) => void {
  const lines = new WeakMap<Speaker, Promise<void>>();
  return (speaker, message) => {
    if (!isSend(message)) return;
    const line = (lines.get(speaker) ?? Promise.resolve()).then(() =>
      take(ports, speaker, message),
    );
    lines.set(
      speaker,
      line.catch((error: unknown) => {
        ports.onError(error);
        refuse(speaker, refOf(message), { code: 'unexpected', reason: 'unexpected failure' });
      }),
    );
  };
}

async function take(
  { gate, chat }: ChatSocketPorts,
  speaker: Speaker,
  message: object,
): Promise<void> {
  const sent = SEND.safeParse(message);
  if (!sent.success) {
    const reason = 'ref must be a text of at most 64 characters, and text a text';
    refuse(speaker, refOf(message), { code: 'invalid-request', reason });
    return;
  }
  const { ref, text } = sent.data;
  try {
    const actor = await gate.actorOf(speaker.authorization);
    if (actor.type === 'anonymous') {
      refuse(speaker, ref, { code: 'unauthorized', reason: 'a token is needed' });
      return;
    }
    const where = await gate.rankIn(speaker.feed.channel, actor);
    if (where === undefined) {
      refuse(speaker, ref, { code: 'not-found', reason: 'no such channel' });
      return;
    }
    const taken = await chat.send(where, actor, text);
    if (taken.ok) ack(speaker, ref, shownMessage(taken.value, where.rank));
    else refuse(speaker, ref, taken.error);
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    refuse(speaker, ref, { code: error.code, reason: error.message });
    speaker.answer({ type: 'revoked' });
    speaker.close(FEED_CLOSE.revoked, 'the token does not hold any more');
  }
}

function ack(speaker: Speaker, ref: string, message: ChatMessage): void {
  const answer: ChatAnswer = { type: 'chat.ack', ref, message };
  speaker.answer(answer);
}

function refuse(
  speaker: Speaker,
  ref: string | null,
  why: { readonly code: string; readonly reason: string; readonly retryAfterMs?: number },
): void {
  const answer: ChatAnswer = { type: 'chat.refused', ref, ...why };
  speaker.answer(answer);
}

function isSend(message: unknown): message is object {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    message.type === 'chat.send'
  );
}

function refOf(message: object): string | null {
  return 'ref' in message && typeof message.ref === 'string' ? message.ref.slice(0, 64) : null;
}
