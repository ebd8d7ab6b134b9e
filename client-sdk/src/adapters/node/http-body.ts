/** How a body is asked for. */
export type BodyRequest = {
  readonly fetch: typeof fetch;
  readonly url: string;
  /** A larger body is an error. Bytes. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Gets each chunk as it comes. */
  readonly onChunk: (chunk: Uint8Array) => void;
};

/**
 * Reads a whole response; resolves to the URL that answered, after redirects. Rejects for another
 * status than 200, a body that is too large, and whatever `fetch` rejects for.
 */
export async function readBody(request: BodyRequest): Promise<string> {
  const response = await request.fetch(request.url, { signal: request.signal });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new Error(`HTTP ${response.status} for ${request.url}`);
  }
  // Typed, since the declarations of Node's fetch leave the chunks open.
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  let received = 0;
  for (;;) {
    const chunk = await reader.read();
    if (chunk.done) return response.url || request.url;
    received += chunk.value.length;
    if (received > request.maxBytes) {
      await reader.cancel();
      throw new Error(`more than ${request.maxBytes} bytes from ${request.url}`);
    }
    request.onChunk(chunk.value);
  }
}
