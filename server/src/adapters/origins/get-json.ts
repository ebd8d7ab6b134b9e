import { BROADCAST_LIMITS } from '../../core/index.ts';

/** Of an origin that cannot be asked, or says nothing that can be read. */
export class OriginAway extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OriginAway';
  }
}

/** Gets JSON in bounded time and size; undefined for a 404. Rejects with `OriginAway`. */
export async function getJson(url: URL): Promise<unknown> {
  const broken = new AbortController();
  const timer = setTimeout(() => {
    broken.abort();
  }, BROADCAST_LIMITS.originMs);
  try {
    const response = await fetch(url, {
      headers: { Accept: 'application/json' },
      redirect: 'error',
      signal: broken.signal,
    });
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    if (!response.ok) throw new OriginAway(`the origin answers ${response.status}`);
    return JSON.parse(await textOf(response));
  } catch (cause) {
    broken.abort();
    if (cause instanceof OriginAway) throw cause;
    throw new OriginAway('the origin cannot be asked', { cause });
  } finally {
    clearTimeout(timer);
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > BROADCAST_LIMITS.originBytes) throw new OriginAway('the origin answers too much');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
