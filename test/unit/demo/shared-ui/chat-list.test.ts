import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyToChat } from '@shoal/demo/shared-ui/chat-feed';
import {
  CHAT_LIST_LIMITS,
  ChatList,
  type ChatLine,
  parseMessageEvent,
  parseMessages,
} from '@shoal/demo/shared-ui/chat-list';

const line = (seq: number): ChatLine => ({
  ...{ id: `m${seq}`, seq, text: `text ${seq}`, at: seq },
  author: { id: 'bob', name: 'Bob', rank: 'viewer' },
});
const ids = (list: ChatList): readonly string[] => list.lines.map(({ id }) => id);

describe('the list of a chat', () => {
  it('CHT-6 has each message once, in the order of their places, however they come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (order) => {
        const list = new ChatList();
        for (const seq of order) list.add(line(seq));
        const places = list.lines.map(({ seq }) => seq);
        expect(places).toEqual([...new Set(order)].sort((a, b) => a - b));
      }),
    );
  });

  it('keeps the newest alone', () => {
    const list = new ChatList(3);
    for (const seq of [1, 2, 3, 4]) list.add(line(seq));
    expect(ids(list)).toEqual(['m2', 'm3', 'm4']);
    list.add(line(1));
    expect(ids(list)).toEqual(['m2', 'm3', 'm4']);
    const many = new ChatList();
    many.add(...Array.from({ length: 1_000 }, (_, i) => line(i)));
    expect(many.lines).toHaveLength(CHAT_LIST_LIMITS.lines);
    expect(many.lines.at(-1)?.seq).toBe(999);
  });

  it('has no message that was deleted, also where it comes after its deletion', () => {
    const list = new ChatList();
    list.add(line(1), line(2));
    list.delete('m1');
    list.delete('m3');
    list.add(line(1), line(3));
    expect(ids(list)).toEqual(['m2']);
  });

  it('remembers so many deletions', () => {
    const list = new ChatList();
    for (let i = 0; i <= CHAT_LIST_LIMITS.deleted; i++) list.delete(`m${i}`);
    list.add(line(0), line(1));
    expect(ids(list)).toEqual(['m0']);
  });

  it('FEED-4 begins anew with what there is, and keeps what came after that', () => {
    const list = new ChatList();
    list.add(line(1), line(2), line(9));
    list.replace([line(2), line(3)]);
    expect(ids(list)).toEqual(['m2', 'm3', 'm9']);
    list.replace([]);
    expect(ids(list)).toEqual(['m2', 'm3', 'm9']);
  });
});

describe('what the service says of a chat', () => {
  const message = { id: 'm', seq: 4, author: { id: 'b', name: 'Bob', rank: 'viewer' }, at: 9 };

  it('is read as text, without what was deleted', () => {
    const messages = [
      { ...message, text: '<b>hi</b>', deletedAt: null },
      { ...message, id: 'n', text: null, deletedAt: 10 },
      { ...message, id: 'o', text: 'seen by moderators', deletedAt: 10 },
    ];
    expect(parseMessages({ messages })).toEqual([{ ...message, text: '<b>hi</b>' }]);
    const { author } = message;
    expect(parseMessageEvent({ message: 'm', author, text: 'x' }, { seq: 4, at: 9 })).toEqual({
      ...message,
      text: 'x',
    });
  });

  it('is taken from events, of which others are none of its business', () => {
    const list = new ChatList();
    const { author } = message;
    const news = { id: 'e', seq: 4, at: 9 };
    const said = { ...news, type: 'chat.message', data: { message: 'm', author, text: 'x' } };
    expect(applyToChat(list, said)).toBe(true);
    expect(ids(list)).toEqual(['m']);
    expect(applyToChat(list, { ...news, type: 'viewer.count', data: { viewers: 3 } })).toBe(false);
    const deleted = { ...news, type: 'chat.message.deleted', data: { message: 'm' } };
    expect(applyToChat(list, deleted)).toBe(true);
    expect(ids(list)).toEqual([]);
  });

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const { id, text } of parseMessages({ messages: [value, { id: 'x', text: value }] }))
          expect([typeof id, typeof text]).toEqual(['string', 'string']);
        parseMessages(value);
      }),
    );
  });
});
