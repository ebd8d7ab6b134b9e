import { KnownKeys } from '../adapters/signing/known-keys.ts';
import type { Ed25519 } from '../adapters/signing/ed25519.ts';
import { SignatureGate } from '../adapters/signing/signature-gate.ts';
import { webEd25519 } from '../adapters/signing/web-ed25519.ts';
import type { ShoalWarning } from '../events.ts';
import type { SigningKeys } from '../signing-keys.ts';
import { signingWarning } from './warnings.ts';

/** What stands before an engine that is to believe signed segments alone. Loaded only where the site gives keys. */
export type Signing = Pick<SignatureGate, 'playlist' | 'fromTracker'> & {
  readonly close: () => void;
};

type SigningPorts = {
  readonly source: SigningKeys;
  readonly now: () => number;
  readonly warn: (warning: ShoalWarning) => void;
};

/** By the browser's Ed25519; undefined, after a warning, where it has none. Keys that are given as such are there then. */
export async function webSigning(ports: SigningPorts): Promise<Signing | undefined> {
  const ed25519 = await webEd25519();
  if (ed25519 === undefined) {
    ports.warn(signingWarning('signing-unsupported'));
    return undefined;
  }
  const { signing, asked } = openSigning(ports, ed25519);
  // A function may take its time.
  if (typeof ports.source !== 'function') await asked;
  return signing;
}

/** The same by another implementation; `asked` resolves when the keys are there, or cannot be had. */
export function openSigning(
  { source, now, warn }: SigningPorts,
  ed25519: Ed25519,
): { readonly signing: Signing; readonly asked: Promise<void> } {
  const keys: KnownKeys = new KnownKeys({
    ...{ source, ed25519, now },
    onChange: () => {
      gate.rekeyed();
    },
    onFailure: (cause) => {
      warn(signingWarning('signing-keys-failed', { cause }));
    },
  });
  const gate = new SignatureGate({
    keys,
    onInvalid: (segment) => {
      warn(signingWarning('signature-invalid', { detail: segment }));
    },
  });
  const signing: Signing = {
    playlist: (...playlist) => gate.playlist(...playlist),
    fromTracker: (input, next) => {
      gate.fromTracker(input, next);
    },
    close: () => {
      keys.close();
    },
  };
  return { signing, asked: keys.ask() };
}
