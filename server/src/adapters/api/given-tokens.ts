import { type ChannelId } from '@shoal/protocol';
import { ServiceError } from '../../service-error.ts';
import { type TokenHolder } from '../database/token-table.ts';
import { digestOf } from './gate.ts';

const GIVEN_TOKEN = /^[A-Za-z0-9_-]{20,200}$/;

/** Tokens that are good while the process runs and kept nowhere (ACC-8), by their digests. Throws a `ServiceError` (`bad-options`). */
export function givenTokens({
  adminToken,
  overlayTokens = [],
}: {
  readonly adminToken?: string;
  readonly overlayTokens?: readonly { readonly channel: ChannelId; readonly token: string }[];
}): ReadonlyMap<string, TokenHolder> {
  const given: [string, TokenHolder][] = overlayTokens.map(({ channel, token }) => [
    token,
    { type: 'alerts', channel },
  ]);
  if (adminToken !== undefined) given.push([adminToken, { type: 'admin', id: 'admin' }]);
  for (const [token] of given)
    if (!GIVEN_TOKEN.test(token))
      throw new ServiceError('bad-options', `a token must match ${GIVEN_TOKEN.source}`);
  return new Map(given.map(([token, holder]) => [digestOf(token), holder]));
}
