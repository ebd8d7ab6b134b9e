import { readFileSync, writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/** Linux shares the cores out among sessions first (sched(7), the autogroup feature), and only within them by niceness. */
const AUTOGROUP = '/proc/self/autogroup';

/**
 * Lets this process, and the encoders that it has started, go before the viewers, as if origin and tracker had a machine
 * of their own, and returns what takes that back. Chromium does so with threads of its own where it may (as root):
 * a page that decodes would hold up the server of all others. Without the right to it nothing changes.
 *
 * What is spawned meanwhile inherits it.
 */
export function serveFirst(): () => void {
  const before = { own: getPriority(), session: sessionNice() };
  const set = (own: number, session: number | undefined): void => {
    try {
      setPriority(own);
      if (session !== undefined) writeFileSync(AUTOGROUP, String(session));
    } catch {
      // Not allowed: the figures then say how much the server was held up.
    }
  };
  const { PRIORITY_HIGH } = constants.priority;
  set(PRIORITY_HIGH, before.session === undefined ? undefined : PRIORITY_HIGH);
  return () => {
    set(before.own, before.session);
  };
}

/** Niceness of the session; undefined where the kernel has no such thing. */
function sessionNice(): number | undefined {
  try {
    const nice = /nice (-?\d+)/.exec(readFileSync(AUTOGROUP, 'utf8'))?.[1];
    return nice === undefined ? undefined : Number(nice);
  } catch {
    return undefined;
  }
}
