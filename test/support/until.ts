/**
 * Waits until `condition` holds, looking often at first and then every 100 ms; fails with what was
 * waited for, which may be said at the end only. `timeoutMs` is 10,000 by default.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  options: { readonly what: string | (() => string); readonly timeoutMs?: number },
): Promise<void> {
  const { what, timeoutMs = 10_000 } = options;
  const end = performance.now() + timeoutMs;
  for (let wait = 10; !(await condition()); wait = Math.min(2 * wait, 100)) {
    if (performance.now() > end) {
      const name = typeof what === 'string' ? what : what();
      throw new Error(`waited in vain for ${name} (${timeoutMs} ms)`);
    }
    await pause(wait);
  }
}

/** Lets time pass: for measuring over an interval, never for waiting for something. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
