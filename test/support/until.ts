/** Waits until `condition` holds, looking every 100 ms; fails with what was waited for. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  options: { readonly what: string; readonly timeoutMs: number },
): Promise<void> {
  const end = performance.now() + options.timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${options.what}`);
    await pause(100);
  }
}

/** Lets time pass: for measuring over an interval, never for waiting for something. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
