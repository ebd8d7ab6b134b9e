import { type AccessRequest } from '../../core/index.ts';

/** Who somebody says to be. */
export type Credentials = Pick<AccessRequest, 'user' | 'password' | 'token'>;

/** Longer than any that is meant. */
const MOST_CHARS = 4_096;
const NOBODY: Credentials = { user: '', password: '', token: '' };

/**
 * Reads credentials as MediaMTX does: `user`, `pass` (or `password`) and `token` (or `jwt`) of a query. The header `Authorization`, Basic
 * (RFC 7617) or Bearer (RFC 6750), goes before that. What cannot be read is nobody's.
 */
export function credentialsOf(query: string, authorization: string | undefined): Credentials {
  const [, scheme = '', value = ''] = /^(\S+) +(\S+)$/.exec(authorization?.trim() ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return { ...NOBODY, token: short(value) };
  if (scheme.toLowerCase() === 'basic') return ofBasic(value);
  if (query === '') return NOBODY;
  const fields = new URLSearchParams(query);
  return {
    user: short(fields.get('user') ?? ''),
    password: short(fields.get('pass') ?? fields.get('password') ?? ''),
    token: short(fields.get('token') ?? fields.get('jwt') ?? ''),
  };
}

function ofBasic(value: string): Credentials {
  const text = Buffer.from(value, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 0) return NOBODY;
  return { user: short(text.slice(0, colon)), password: short(text.slice(colon + 1)), token: '' };
}

function short(text: string): string {
  return text.length > MOST_CHARS ? '' : text;
}
