/**
 * Runs work under a signal that aborts with another one, or after `ms`. Not `AbortSignal.any` over `AbortSignal.timeout`: Node 20 collects a
 * time-out that nothing else refers to, and then it never comes.
 */
export async function withTimeLimit<T>(
  { closing, ms }: { readonly closing: AbortSignal; readonly ms: number },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const abort = (): void => {
    limit.abort();
  };
  const timer = setTimeout(abort, ms);
  closing.addEventListener('abort', abort, { once: true });
  if (closing.aborted) abort();
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
    closing.removeEventListener('abort', abort);
  }
}
