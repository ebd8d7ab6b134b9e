import { fieldsOf, listOf, numberOf, textOf } from './fields.ts';

/** What a channel is called. */
export type ChannelAbout = {
  readonly title: string;
  readonly category: string;
  readonly tags: readonly string[];
};

/** Reads a channel, or the data of `channel.updated`. */
export function parseAbout(value: unknown): ChannelAbout {
  const { title, category, tags } = fieldsOf(value);
  return {
    ...{ title: textOf(title), category: textOf(category) },
    tags: listOf(tags).flatMap((tag) => (typeof tag === 'string' ? [tag] : [])),
  };
}

/** A broadcast of a channel. Times are Unix milliseconds. */
export type BroadcastInfo = {
  readonly id: string;
  readonly title: string;
  /** As the service says: created, ready, testing, live, interrupted, complete, archived, revoked. */
  readonly state: string;
  readonly createdAt: number | undefined;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly scheduledAt: number | undefined;
};

/** Reads a list of broadcasts, newest first; what cannot be read is left out. */
export function parseBroadcasts(value: unknown): readonly BroadcastInfo[] {
  return listOf(fieldsOf(value)['broadcasts']).flatMap((entry) => {
    const of = fieldsOf(entry);
    const [id, state] = [textOf(of['id']), textOf(of['state'])];
    if (id === '' || state === '') return [];
    return [
      {
        ...{ id, state, title: textOf(of['title']) },
        ...{ createdAt: numberOf(of['createdAt']), startedAt: numberOf(of['startedAt']) },
        ...{ endedAt: numberOf(of['endedAt']), scheduledAt: numberOf(of['scheduledAt']) },
      },
    ];
  });
}

/** Of a page that is open for days. */
const KEPT_BROADCASTS = 20;

/**
 * The broadcasts after one of them went to another state, as `broadcast.transitioned` says it of the moment `at`: what all viewers are told at
 * once they need not all ask for.
 */
export function withTransition(
  broadcasts: readonly BroadcastInfo[],
  data: unknown,
  at: number,
): readonly BroadcastInfo[] {
  const { broadcast, state, title } = fieldsOf(data);
  const [id, now] = [textOf(broadcast), textOf(state)];
  if (id === '' || now === '') return broadcasts;
  const before = broadcasts.find((other) => other.id === id);
  const others = broadcasts.filter((other) => other.id !== id);
  if (now === 'revoked') return others;
  const begins = now === 'live' || now === 'interrupted';
  const after: BroadcastInfo = {
    ...{ id, state: now, title: textOf(title) },
    ...{ createdAt: before?.createdAt, scheduledAt: before?.scheduledAt },
    startedAt: before?.startedAt ?? (begins ? at : undefined),
    endedAt: before?.endedAt ?? (now === 'complete' ? at : undefined),
  };
  return [after, ...others].slice(0, KEPT_BROADCASTS);
}

/** How a chat is run. */
export type ChatSettings = {
  readonly mode: string;
  readonly slowModeSeconds: number;
  /** For moderators. */
  readonly blockedWords: readonly string[];
};

/** Reads the settings of a chat, or the data of `chat.settings.updated`. */
export function parseChatSettings(value: unknown): ChatSettings {
  const { mode, slowModeSeconds, blockedWords } = fieldsOf(value);
  return {
    mode: textOf(mode) === '' ? 'everyone' : textOf(mode),
    slowModeSeconds: numberOf(slowModeSeconds) ?? 0,
    blockedWords: listOf(blockedWords).flatMap((word) => (typeof word === 'string' ? [word] : [])),
  };
}
