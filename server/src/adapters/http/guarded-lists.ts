import { type LiveObject } from '../../core/index.ts';

/** Names under which a query has credentials (ORG-39). */
const SECRETS = ['user', 'pass', 'password', 'token', 'jwt'] as const;

/** The credentials of a query, as they are to follow in the URLs that a playlist lists; empty where there are none. */
export function credentialQuery(query: string): string {
  if (query === '') return '';
  const all = new URLSearchParams(query);
  const kept = new URLSearchParams();
  for (const name of SECRETS) {
    const value = all.get(name);
    if (value !== null) kept.set(name, value);
  }
  // Encoded anew: nothing of it ends a quoted string or a line.
  return kept.toString();
}

/** The same playlist (RFC 8216), whose players show their credentials to get what it lists. */
export function withCredentials(object: LiveObject, credentials: string): LiveObject {
  if (credentials === '') return object;
  const { awaited } = object;
  return {
    ...object,
    bytes: rewritten(object.bytes, credentials),
    ...(awaited !== undefined && {
      awaited: {
        ...awaited,
        ...(awaited.delta !== undefined && { delta: rewritten(awaited.delta, credentials) }),
      },
    }),
  };
}

/** For those alone to whom it was given: caches that many share must not have it (RFC 9111 section 5.2.2.7). */
export function privately(cacheControl: string): string {
  return cacheControl.replace(/\bpublic\b/, 'private').replace(/, s-maxage=\d+/, '');
}

function rewritten(bytes: Uint8Array, credentials: string): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  const lines = text.split('\n').map((line) => {
    if (line.startsWith('#'))
      return line.replace(/([:,]URI=")([^"]+)"/g, (_all, before: string, uri: string) => {
        return `${before}${following(uri, credentials)}"`;
      });
    if (line.includes(' --> ') || line === '' || line === 'WEBVTT') return line;
    return following(line, credentials);
  });
  return Buffer.from(lines.join('\n'));
}

/** Before a fragment, such as that of a picture in a storyboard. */
function following(uri: string, credentials: string): string {
  const [path = '', fragment] = uri.split('#', 2);
  const joined = `${path}${path.includes('?') ? '&' : '?'}${credentials}`;
  return fragment === undefined ? joined : `${joined}#${fragment}`;
}
