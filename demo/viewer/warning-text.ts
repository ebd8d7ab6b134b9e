import type { ShoalWarning } from '@shoal/client-sdk';

/** A warning in the words of somebody who watches. */
export function warningText(warning: Pick<ShoalWarning, 'code'>): string {
  return TEXTS[warning.code];
}

const TEXTS: Readonly<Record<ShoalWarning['code'], string>> = {
  'webrtc-unsupported':
    'This browser cannot exchange video with other viewers. You are watching straight from the server.',
  'tracker-unreachable':
    'Other viewers cannot be found right now. The video goes on from the server; the search continues.',
  'tracker-refused':
    'The tracker turned this viewer away. You are watching straight from the server.',
  'engine-load-failed':
    'The chosen engine could not be loaded. You are watching straight from the server.',
  'engine-failed':
    'Sharing stopped because of an error. You are watching straight from the server.',
  'corrupt-peer': 'A viewer sent damaged data. It was thrown away, and that viewer was dropped.',
  'signing-unsupported':
    'This browser cannot check signatures here. Video is shared without; it comes from the server as ever.',
  'signing-keys-failed':
    'The keys of this channel could not be loaded. You are watching straight from the server for now.',
  'signature-invalid':
    'A signature of this channel is not right. What it is about comes straight from the server.',
  'corrupt-origin': 'The server sent damaged data. It was thrown away and asked for again.',
};
