import { uploadText } from '@shoal/demo/viewer/upload-text';
import { describe, expect, it } from 'vitest';

describe('what the watch page says of sending', () => {
  it('names the cap, and why less or nothing is sent', () => {
    expect(uploadText({ state: 'on', maxKbps: undefined })).not.toContain('kbit/s');
    expect(uploadText({ state: 'on', maxKbps: 800 })).toContain('800 kbit/s');
    expect(uploadText({ state: 'reduced', reason: 'hidden', maxKbps: 500 })).toContain('500');
    expect(uploadText({ state: 'off', reason: 'metered' })).toContain('may cost');
    expect(uploadText({ state: 'off', reason: 'user' })).toContain('still receive');
    expect(uploadText({ state: 'off', reason: 'p2p' })).not.toContain('still receive');
  });
});
