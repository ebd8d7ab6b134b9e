import { type LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { err, ok, type Result } from '@shoal/protocol';
import { HOOK_LIMITS } from '../../core/index.ts';
import { isPublicAddress } from './address-guard.ts';

/** Where webhooks may go beside HTTPS servers of the Internet on usual ports; for operators who know their network, and for tests. */
export type WebhookPolicy = {
  /** Without encryption. */
  readonly allowHttp?: boolean;
  /** To any address: this machine, private networks, metadata of a cloud. */
  readonly allowPrivateAddresses?: boolean;
  readonly allowAnyPort?: boolean;
};

const PORTS = ['', '443', '80', '8443', '8080'];

/** Reads the URL of a receiver; says for people what is wrong with it. */
export function readTarget(text: string, policy: WebhookPolicy): Result<URL, string> {
  if (text.length > HOOK_LIMITS.urlLength || !URL.canParse(text)) return err('this is no URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && policy.allowHttp === true))
    return err('the URL must be https');
  if (url.username !== '' || url.password !== '') return err('the URL may not have a password');
  if (policy.allowAnyPort !== true && !PORTS.includes(url.port))
    return err(`the port must be one of ${PORTS.slice(1).join(', ')}`);
  const host = hostOf(url);
  if (isIP(host) !== 0 && !mayGoTo(host, policy)) return err('the address is not of the Internet');
  return ok(url);
}

/**
 * Addresses of a receiver, all of which were checked: whoever connects must take one of them and ask nobody again, since a second answer
 * may be another one. One address that may not be means that none may.
 */
export async function resolveTarget(
  url: URL,
  policy: WebhookPolicy,
): Promise<Result<LookupAddress[], string>> {
  const host = hostOf(url);
  const family = isIP(host);
  const addresses =
    family === 0
      ? await lookup(host, { all: true, order: 'verbatim' }).catch((): LookupAddress[] => [])
      : [{ address: host, family }];
  if (addresses.length === 0) return err('the name of the receiver has no address');
  return addresses.every(({ address }) => mayGoTo(address, policy))
    ? ok(addresses)
    : err('the address of the receiver is not of the Internet');
}

function mayGoTo(address: string, policy: WebhookPolicy): boolean {
  return policy.allowPrivateAddresses === true || isPublicAddress(address);
}

/** The name or address, without the brackets of IPv6. */
function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}
