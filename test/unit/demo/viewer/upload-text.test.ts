import { uploadText } from '@shoal/demo/viewer/upload-text';
import { describe, expect, it } from 'vitest';

describe('what the watch page says of sending', () => {
  it('names the cap, and why less or nothing is sent', () => {
    expect(
      uploadText({ upload: { state: 'on', maxKbps: undefined }, resting: false }),
    ).not.toContain('kbit/s');
    expect(uploadText({ upload: { state: 'on', maxKbps: 800 }, resting: false })).toContain(
      '800 kbit/s',
    );
    expect(
      uploadText({ upload: { state: 'reduced', reason: 'hidden', maxKbps: 500 }, resting: false }),
    ).toContain('500');
    expect(uploadText({ upload: { state: 'off', reason: 'metered' }, resting: false })).toContain(
      'may cost',
    );
    expect(uploadText({ upload: { state: 'off', reason: 'user' }, resting: false })).toContain(
      'still receive',
    );
    expect(uploadText({ upload: { state: 'off', reason: 'p2p' }, resting: false })).not.toContain(
      'still receive',
    );
    const upload = { state: 'on', maxKbps: undefined } as const;
    expect(uploadText({ upload, resting: true })).toContain('busy');
  });
});
