import { describe, expect, it } from 'vitest';
import { CHAT_MODES } from '@shoal/server/core';
import { modeText, refusalText, waitText } from '@shoal/demo/shared-ui/refusal-text';

const refused = (code: string, detail = 'in short', status = 403) =>
  refusalText({ type: 'refused', status, code, detail, retryMs: undefined });

describe('why something is refused', () => {
  it('is in plain words for all that a chat refuses', () => {
    const codes = ['invalid-message', 'not-allowed', 'banned', 'timed-out', 'slow-mode'] as const;
    for (const code of [...codes, 'rate-limited', 'blocked-word', 'unauthorized']) {
      expect(refused(code)).not.toContain('In short');
      expect(refused(code)).toMatch(/^[A-Z].{10,}[.]$/);
    }
  });

  it('is what the service says where there are no other words, and no secret of a failure', () => {
    expect(refused('broadcast-under-way', 'another broadcast is live', 409)) //
      .toBe('Another broadcast is live.');
    expect(refused('unexpected', 'stack', 500)).toContain('went wrong');
    expect(refused('', '', 404)).toContain('went wrong');
    expect(refusalText({ type: 'unreachable' })).toContain('does not answer');
  });

  it('CHT-4 has a countdown where time alone helps', () => {
    expect(waitText('slow-mode', 4_200)).toBe('Slow mode is on: you can write again in 5 s.');
    expect(waitText('rate-limited', 1)).toContain('in 1 s');
    expect(waitText('timed-out', 600_000)).toContain('in 10 min 0 s');
    expect(waitText('banned', 5)).toBeUndefined();
  });

  it('CHT-2 says who may write in every mode', () => {
    for (const mode of CHAT_MODES)
      if (mode === 'everyone') expect(modeText(mode)).toBeUndefined();
      else expect(modeText(mode)).toMatch(/[.]$/);
  });
});
