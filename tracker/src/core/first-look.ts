/** What shows of a message before it is read. */

const WEB_TORRENT_ACTIONS: ReadonlySet<unknown> = new Set(['announce', 'scrape']);
const SHOAL_ACTIONS: ReadonlySet<unknown> = new Set(['join', 'update', 'signal', 'renew', 'leave']);

/** Which dialect a first message begins (TRK-1). */
export function dialectOf(value: unknown): 'shoal' | 'web-torrent' | undefined {
  const action = actionOf(value);
  if (WEB_TORRENT_ACTIONS.has(action)) return 'web-torrent';
  return SHOAL_ACTIONS.has(action) ? 'shoal' : undefined;
}

/** Signals of either dialect, which have a budget of their own. */
export function isSignalling(value: unknown): boolean {
  const action = actionOf(value);
  return action === 'signal' || (action === 'announce' && hasAnswer(value));
}

export function actionOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'action' in value
    ? value.action
    : undefined;
}

function hasAnswer(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'answer' in value && value.answer !== null;
}
