import { fieldsOf, type Fields, listOf, numberOf, textOf } from './fields.ts';

/** A message as it is shown. Its text is plain text of a stranger. */
export type ChatLine = {
  readonly id: string;
  /** Its place. */
  readonly seq: number;
  readonly author: { readonly id: string; readonly name: string; readonly rank: string };
  readonly text: string;
  /** Unix milliseconds. */
  readonly at: number;
};

/** Bounds of what a page keeps of a chat. */
export const CHAT_LIST_LIMITS = {
  /** Messages, of which each is an element of the page. */
  lines: 300,
  /** Ids of deleted messages, for those of them that come later. */
  deleted: 500,
} as const;

/** The newest messages of a chat in their order, each once. */
export class ChatList {
  readonly #most: number;
  #lines: ChatLine[] = [];
  readonly #deleted = new Set<string>();

  constructor(most: number = CHAT_LIST_LIMITS.lines) {
    this.#most = most;
  }

  /** Oldest first. */
  get lines(): readonly ChatLine[] {
    return this.#lines;
  }

  /** Adds messages, wherever they belong; those that are known, or were deleted, are left out. */
  add(...lines: readonly ChatLine[]): void {
    const known = new Set(this.#lines.map(({ id }) => id));
    const fresh = lines.filter(({ id }) => !known.has(id) && !this.#deleted.has(id));
    if (fresh.length === 0) return;
    const last = this.#lines.at(-1)?.seq ?? -1;
    const inOrder = fresh.length === 1 && (fresh[0]?.seq ?? 0) > last;
    const all = [...this.#lines, ...fresh];
    if (!inOrder) all.sort((a, b) => a.seq - b.seq);
    this.#lines = all.slice(-this.#most);
  }

  /** Takes a message out, or sees to it that it does not come. */
  delete(id: string): void {
    this.#deleted.add(id);
    const [oldest] = this.#deleted;
    if (this.#deleted.size > CHAT_LIST_LIMITS.deleted && oldest !== undefined)
      this.#deleted.delete(oldest);
    this.#lines = this.#lines.filter((line) => line.id !== id);
  }

  /** Begins anew with what there is now: what is not in `lines` is gone, but for what came after them. */
  replace(lines: readonly ChatLine[]): void {
    const last = Math.max(-1, ...lines.map(({ seq }) => seq));
    this.#lines = this.#lines.filter(({ seq }) => seq > last);
    this.add(...lines);
  }
}

/** Reads the answer to `GET …/chat/messages`; deleted ones are left out. */
export function parseMessages(value: unknown): readonly ChatLine[] {
  return listOf(fieldsOf(value)['messages']).flatMap((entry) => {
    const of = fieldsOf(entry);
    if (typeof of['deletedAt'] === 'number') return [];
    return lineOf(of, { id: of['id'], seq: of['seq'], at: of['at'] });
  });
}

/** Reads the data of `chat.message`, whose place is that of its event. */
export function parseMessageEvent(
  data: Fields,
  { seq, at }: { readonly seq: number; readonly at: number },
): ChatLine | undefined {
  return lineOf(data, { id: data['message'], seq, at })[0];
}

function lineOf(
  of: Fields,
  place: { readonly id: unknown; readonly seq: unknown; readonly at: unknown },
): readonly ChatLine[] {
  const author = fieldsOf(of['author']);
  const [id, seq, text] = [textOf(place.id), numberOf(place.seq), of['text']];
  if (id === '' || seq === undefined || typeof text !== 'string') return [];
  return [
    {
      ...{ id, seq, text, at: numberOf(place.at) ?? 0 },
      author: {
        ...{ id: textOf(author['id']), name: textOf(author['name']) },
        rank: textOf(author['rank']),
      },
    },
  ];
}
