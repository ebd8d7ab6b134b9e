import { type ChatList, parseMessageEvent, parseMessages } from './chat-list.ts';
import { type FeedNews } from './feed-client.ts';
import { askService } from './service-client.ts';

/** Messages that are read at a time; more than a page shows at once. */
const BACKLOG = 100;

/** Takes what a feed says of the chat into a list; whether the list is another one now. */
export function applyToChat(list: ChatList, event: FeedNews): boolean {
  const { type, data } = event;
  if (type === 'chat.message') {
    const line = parseMessageEvent(data, event);
    if (line === undefined) return false;
    list.add(line);
    return true;
  }
  if (type === 'chat.message.deleted' && typeof data['message'] === 'string') {
    list.delete(data['message']);
    return true;
  }
  return false;
}

/** Reads the newest messages into a list; false where that failed. */
export async function loadChat(list: ChatList, channel: string, token?: string): Promise<boolean> {
  const path = `/channels/${channel}/chat/messages?limit=${BACKLOG}`;
  const answer = await askService('GET', path, { token });
  if (answer.type !== 'ok') return false;
  list.replace(parseMessages(answer.body));
  return true;
}
