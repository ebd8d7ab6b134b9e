import { ORIGIN_LIMITS } from '../limits.ts';

// What a URL path has without escaping more: unreserved characters (RFC 3986 section 2.3), escapes, and a few others.
const NAME = /^(?!\.{1,2}$)[A-Za-z0-9._~%+=@,-]+$/;

/**
 * True for what a segment store takes as a path: `/` and a name, once or more. Names have 128 of `A–Z a–z 0–9 . _ ~ % + = @ , -` at
 * most, a path 512 in all, and `.` and `..` are none, so that no path leads out of a store, whatever it makes of it.
 */
export function isStoredPath(path: string): boolean {
  if (path.length > ORIGIN_LIMITS.storedPathChars || !path.startsWith('/')) return false;
  return path.slice(1).split('/').every(isName);
}

/** True for what a path can begin with. */
export function isStoredPrefix(prefix: string): boolean {
  if (prefix === '' || prefix === '/') return true;
  // More characters make a name of no or only dots another.
  return isStoredPath(prefix) || isStoredPath(`${prefix}a`);
}

function isName(name: string): boolean {
  return name.length <= ORIGIN_LIMITS.storedNameChars && NAME.test(name);
}
