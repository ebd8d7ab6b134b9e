import type { ShoalStats, UploadReason } from '@shoal/client-sdk';

/** What is sent to other viewers, and if not, or less, why, in the words of somebody who watches. */
export function uploadText({ upload, resting }: Pick<ShoalStats, 'upload' | 'resting'>): string {
  if (resting)
    return 'This device is busy: for a while nothing is sent to other viewers, and nothing comes from them.';
  switch (upload.state) {
    case 'on':
      return upload.maxKbps === undefined
        ? 'What you have watched is passed on to other viewers.'
        : `What you have watched is passed on to other viewers, at ${upload.maxKbps} kbit/s at most.`;
    case 'reduced':
      return `Less is sent to other viewers, ${upload.maxKbps} kbit/s at most: ${BECAUSE[upload.reason]}.`;
    case 'off':
      return upload.reason === 'p2p'
        ? 'Nothing is sent to other viewers, and nothing comes from them.'
        : `Nothing is sent to other viewers: ${BECAUSE[upload.reason]}. You still receive from them.`;
  }
}

const BECAUSE: Readonly<Record<UploadReason, string>> = {
  p2p: 'sharing is off',
  user: 'you switched it off',
  spent: 'what was set aside for it is used up',
  metered: 'this connection may cost you by the byte',
  battery: 'your battery is low',
  hidden: 'you are looking at something else',
};
