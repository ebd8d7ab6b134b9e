import { type ChatLine, type ChatList } from './chat-list.ts';
import { make, makeButton } from './dom.ts';

/** Nearer to the end than this many pixels somebody reads along. */
const NEAR_END = 48;
/** Names have one of so many colours of the theme. */
const COLOURS = 6;

const RANKS: Readonly<Record<string, string>> = {
  moderator: 'Moderator',
  streamer: 'Streamer',
  admin: 'Operator',
};

/** What can be done with a message; the words are those of its button. */
export type ChatAction = { readonly words: string; readonly run: () => unknown };

/** A chat on the page. */
export type ChatView = {
  /** Shows what the list has now. */
  readonly update: () => void;
};

/**
 * Shows the messages of a list in `log`, the newest at the bottom, as text. Somebody who reads further up stays there, and `newer` leads
 * back.
 */
export function createChatView(of: {
  readonly log: HTMLElement;
  readonly newer: HTMLButtonElement;
  readonly list: ChatList;
  readonly actions: (line: ChatLine) => readonly ChatAction[];
}): ChatView {
  const { log, newer, list, actions } = of;
  const nodes = new Map<string, HTMLElement>();
  let unseen = 0;
  closeMenusElsewhere(log);
  const isNearEnd = (): boolean => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
  const toEnd = (): void => {
    log.scrollTop = log.scrollHeight;
    unseen = 0;
    newer.hidden = true;
  };
  newer.addEventListener('click', () => {
    toEnd();
    log.focus();
  });
  log.addEventListener('scroll', () => {
    if (isNearEnd()) toEnd();
  });
  // A chat that was hidden, or changed its size, is where it was: at its end.
  let reads = true;
  new ResizeObserver(() => {
    if (reads) toEnd();
  }).observe(log);
  return {
    update: () => {
      reads = isNearEnd() || log.clientHeight === 0;
      const { lines } = list;
      const shown = new Set(lines.map(({ id }) => id));
      for (const [id, node] of nodes)
        if (!shown.has(id)) {
          node.remove();
          nodes.delete(id);
        }
      let after: Element | null = null;
      for (const line of lines) {
        let node = nodes.get(line.id);
        if (node === undefined) {
          node = lineNode(line, actions(line));
          nodes.set(line.id, node);
          unseen += 1;
        }
        const place: Element | null =
          after === null ? log.firstElementChild : after.nextElementSibling;
        if (place !== node) log.insertBefore(node, place);
        after = node;
      }
      if (reads) {
        toEnd();
        return;
      }
      newer.textContent = unseen === 1 ? 'One new message' : `${unseen} new messages`;
      newer.hidden = unseen === 0;
    },
  };
}

/** Menus close when something else is chosen. */
function closeMenusElsewhere(log: HTMLElement): void {
  const close = (but: EventTarget | null): void => {
    for (const menu of log.querySelectorAll('details[open]'))
      if (!(but instanceof Node && menu.contains(but))) menu.removeAttribute('open');
  };
  document.addEventListener('click', ({ target }) => {
    close(target);
  });
  log.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') close(null);
  });
}

function lineNode(line: ChatLine, actions: readonly ChatAction[]): HTMLElement {
  const { author, text, at } = line;
  const rank = RANKS[author.rank];
  const name = make('b', { class: 'chat-author', text: author.name });
  name.style.setProperty('--name', `var(--name-${colourOf(author.id)})`);
  const time = make('time', { class: 'chat-time', text: timeText(at) });
  time.dateTime = new Date(at).toISOString();
  const words = make('p', {}, time, ' ');
  if (rank !== undefined) words.append(make('span', { class: 'chat-rank', text: rank }), ' ');
  words.append(name, make('span', { class: 'visually-hidden', text: ' says ' }), ' ');
  words.append(make('span', { class: 'chat-text', text, testId: 'chat-text-of' }));
  const node = make('div', { class: 'chat-line', testId: 'chat-line' }, words);
  if (actions.length > 0) node.append(menuNode(author.name, actions));
  return node;
}

function menuNode(name: string, actions: readonly ChatAction[]): HTMLElement {
  const menu = make('details', { class: 'chat-menu' });
  const summary = make('summary', { text: '⋯', label: `What to do with this message of ${name}` });
  const choices = make('div', { class: 'chat-choices' });
  for (const { words, run } of actions)
    choices.append(
      makeButton({ text: words }, () => {
        menu.open = false;
        return run();
      }),
    );
  menu.append(summary, choices);
  return menu;
}

function timeText(at: number): string {
  return new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

/** The same for the same id. */
function colourOf(id: string): number {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return hash % COLOURS;
}
