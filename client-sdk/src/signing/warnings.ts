import type { ShoalWarning, SigningWarningCode } from '../events.ts';

/** Loaded with what may give these warnings. */
const MESSAGES: Readonly<Record<SigningWarningCode, string>> = {
  'signing-unsupported':
    'This browser has no Ed25519, or the page was not loaded over HTTPS: segments are shared as without signing keys.',
  'signing-keys-failed':
    'The signing keys cannot be had, so that nothing new is shared. Asking again every 30 s.',
  'signature-invalid':
    'A playlist lists a segment whose signature none of the signing keys verifies; it is loaded over HTTP and not shared',
};

/** A warning with the text of its code, and `detail` after it where there is one. */
export function signingWarning(
  code: SigningWarningCode,
  { detail, ...cause }: { readonly detail?: string; readonly cause?: unknown } = {},
): ShoalWarning {
  const message = detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}`;
  return { code, message, ...cause };
}
