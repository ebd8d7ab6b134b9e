import { describe, expect, it } from 'vitest';
import { warningText } from '@shoal/demo/viewer/warning-text';

describe('warnings', () => {
  it('are said without technical words', () => {
    expect(warningText({ code: 'tracker-unreachable' })).toContain('from the server');
    expect(warningText({ code: 'webrtc-unsupported' })).not.toContain('WebRTC');
  });
});
