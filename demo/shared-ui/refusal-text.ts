import { formatDuration } from './format.ts';
import { type ServiceFailure } from './service-client.ts';

/** Why the service did not do something, in the words of somebody who uses a page. */
export function refusalText(failure: ServiceFailure): string {
  if (failure.type === 'unreachable') return 'The server does not answer. Try again in a moment.';
  const { code, detail, status } = failure;
  return TEXTS[code] ?? (status >= 500 ? FAILED : detail === '' ? FAILED : sentence(detail));
}

/** Why one may not write in this mode of the chat; undefined where a guest may. */
export function modeText(mode: string): string | undefined {
  return MODES[mode];
}

/** How long one must wait to write again; undefined where time alone does not help. */
export function waitText(code: string, ms: number): string | undefined {
  const wait = formatDuration(Math.max(1_000, Math.ceil(ms / 1000) * 1000));
  switch (code) {
    case 'slow-mode':
      return `Slow mode is on: you can write again in ${wait}.`;
    case 'rate-limited':
    case 'too-many-requests':
      return `You are writing too fast: you can write again in ${wait}.`;
    case 'timed-out':
      return `A moderator has put you in time-out: you can write again in ${wait}.`;
    default:
      return undefined;
  }
}

const FAILED = 'Something went wrong on the server. Try again in a moment.';

const MODES: Readonly<Record<string, string>> = {
  accounts: 'Only viewers with an account may write: sign in on the site of the channel.',
  followers: 'Only followers may write: sign in on the site of the channel and follow it.',
  subscribers: 'Only subscribers may write: sign in on the site of the channel and subscribe.',
  off: 'The chat is closed.',
};

const TEXTS: Readonly<Record<string, string>> = {
  banned: 'You are banned from this chat.',
  'timed-out': 'A moderator has put you in time-out.',
  'slow-mode': 'Slow mode is on: wait a moment before you write again.',
  'rate-limited': 'You are writing too fast: wait a moment.',
  'too-many-requests': 'That was too much at once: wait a minute.',
  'blocked-word': 'Your message has a word that is not allowed here. Change it and send it again.',
  'not-allowed': 'You may not write in this chat: sign in on the site of the channel.',
  'invalid-message': 'A message has 1 to 500 characters.',
  unauthorized: 'You are not known here: choose a name, or sign in on the site of the channel.',
  'account-needed': 'This needs an account: sign in on the site of the channel.',
  'payment-failed': 'The payment failed. Nothing was taken.',
  'changed-meanwhile':
    'Somebody else changed this meanwhile. What is there now was loaded; your text was kept: look at it, and save again.',
  'too-many-stream-keys': 'There are as many stream keys as there can be: take one back first.',
  'too-many-reports': 'You have reported many messages: wait until a moderator has seen to them.',
};

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}
