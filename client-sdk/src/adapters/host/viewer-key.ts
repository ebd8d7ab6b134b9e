import { toBase64Url } from '@shoal/protocol';

/** A new key for a viewer to keep its name with the tracker by (TRK-21); pages without HTTPS have it too. */
export function viewerKey(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
}
