import { type BroadcastInfo } from '../shared-ui/service-api.ts';

/** A state that the streamer may ask for, in the words of its button. */
export type Move = {
  readonly to: 'ready' | 'testing' | 'live' | 'complete' | 'archived' | 'revoked';
  readonly words: string;
  /** What is asked before; undefined where nothing is lost. */
  readonly sure?: string;
};

/** What may be done with a broadcast now (BRD-2). */
export function movesOf(state: string, isStreamOn: boolean): readonly Move[] {
  const end = { to: 'complete', words: 'End the broadcast', sure: 'Really end it?' } as const;
  const goLive = { to: 'live', words: 'Go live' } as const;
  switch (state) {
    case 'created':
      return [{ to: 'ready', words: 'Make it the next one' }, DROP];
    case 'ready':
      return isStreamOn ? [goLive, { to: 'testing', words: 'Test it first' }, DROP] : [DROP];
    case 'testing':
      return [...(isStreamOn ? [goLive] : []), { to: 'ready', words: 'End the test' }];
    case 'live':
      return [end, TAKE_DOWN];
    case 'interrupted':
      return [...(isStreamOn ? [{ ...goLive, words: 'Go on' }] : []), end];
    case 'complete':
      return [{ to: 'archived', words: 'Archive' }, TAKE_DOWN];
    case 'archived':
      return [TAKE_DOWN];
    default:
      return [];
  }
}

/** Where a broadcast stands, in plain words. */
export function stateText(
  { state, startedAt, endedAt }: Pick<BroadcastInfo, 'state' | 'startedAt' | 'endedAt'>,
  when: (at: number) => string,
): string {
  const since = startedAt === undefined ? '' : ` since ${when(startedAt)}`;
  const until = endedAt === undefined ? '' : ` It ended at ${when(endedAt)}.`;
  switch (state) {
    case 'created':
      return 'A draft: it is not the next one yet.';
    case 'ready':
      return 'Next: it goes live as soon as your stream arrives.';
    case 'testing':
      return 'Your stream arrives. Viewers are not told of it.';
    case 'live':
      return `Live${since}.`;
    case 'interrupted':
      return 'Your encoder is gone. Viewers wait, and it goes on when the encoder is back.';
    case 'complete':
      return `Over.${until}`;
    case 'archived':
      return `Over, and archived.${until}`;
    case 'revoked':
      return 'Taken down: nobody can see it.';
    default:
      return state;
  }
}

/** A state in one word, for its badge. */
export function stateWord(state: string): string {
  return WORDS[state] ?? state;
}

const WORDS: Readonly<Record<string, string>> = {
  created: 'Draft',
  ready: 'Next',
  testing: 'Test',
  live: 'Live',
  interrupted: 'Interrupted',
  complete: 'Over',
  archived: 'Archived',
  revoked: 'Taken down',
};

/** Broadcasts in the order in which a streamer looks for them: what is on, what comes, what was. */
export function sortBroadcasts(broadcasts: readonly BroadcastInfo[]): {
  readonly now: BroadcastInfo | undefined;
  readonly next: readonly BroadcastInfo[];
  readonly past: readonly BroadcastInfo[];
} {
  const of = (...states: readonly string[]): readonly BroadcastInfo[] =>
    broadcasts.filter(({ state }) => states.includes(state));
  return {
    now: of('testing', 'live', 'interrupted')[0],
    next: [...of('ready'), ...of('created')],
    past: of('complete', 'archived', 'revoked'),
  };
}

const DROP: Move = { to: 'revoked', words: 'Drop', sure: 'Really drop it?' };
const TAKE_DOWN: Move = { to: 'revoked', words: 'Take down', sure: 'Really take it down?' };
