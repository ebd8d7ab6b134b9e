const TIMEOUT_MS = 5_000;

/** An answer of one of our status APIs. */
export type JsonAnswer =
  | { readonly type: 'ok'; readonly body: unknown }
  | { readonly type: 'not-found' }
  /** The token does not count. */
  | { readonly type: 'refused' }
  | { readonly type: 'unreachable' };

/** GETs JSON within five seconds, with a bearer token if there is one; whatever goes wrong is a value. */
export async function getJson(url: string, token?: string): Promise<JsonAnswer> {
  try {
    const response = await fetch(url, {
      cache: 'no-store',
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status === 404) return { type: 'not-found' };
    if (response.status === 401 || response.status === 403) return { type: 'refused' };
    if (!response.ok) return { type: 'unreachable' };
    return { type: 'ok', body: await response.json() };
  } catch {
    return { type: 'unreachable' };
  }
}
