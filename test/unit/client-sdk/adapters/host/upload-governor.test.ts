import type { UploadDecision, UploadSettings } from '@shoal/client-sdk/core';
import type { UploadState } from '@shoal/client-sdk';
import { describe, expect, it } from 'vitest';
import { UploadGovernor } from '../../../../../client-sdk/src/adapters/host/upload-governor.ts';

const settings: UploadSettings = {
  enabled: true,
  limit: 100_000,
  budget: undefined,
  onMetered: 'off',
  whenHidden: 'reduce',
  onBattery: 'off',
};

function governed() {
  const device = { metered: false, hidden: false, batteryLow: false };
  const applied: UploadDecision[] = [];
  const states: UploadState[] = [];
  const governor = new UploadGovernor({
    settings,
    device: () => device,
    p2p: () => true,
    uploadedBytes: () => 0,
    apply: (decision) => applied.push(decision),
    onState: (state) => states.push(state),
  });
  governor.refresh();
  return { governor, device, applied, states };
}

describe('the upload governor', () => {
  it('applies the first decision and every change of it, and tells of the changes alone', () => {
    const { governor, device, applied, states } = governed();
    governor.refresh();
    device.hidden = true;
    governor.refresh();
    governor.refresh();
    governor.set({ ...settings, enabled: false });
    expect(applied.map(({ shares, limit }) => [shares, limit])).toEqual([
      [true, 100_000],
      [true, 62_500],
      [false, 100_000],
    ]);
    expect(states).toEqual([
      { state: 'reduced', reason: 'hidden', maxKbps: 500 },
      { state: 'off', reason: 'user' },
    ]);
  });

  it('tells of another reason also where nothing else changes, and always knows the state of now', () => {
    const { governor, device, applied, states } = governed();
    device.metered = true;
    expect(governor.read()).toEqual({ state: 'off', reason: 'metered' });
    governor.refresh();
    governor.set({ ...settings, enabled: false });
    expect(applied).toHaveLength(2);
    expect(states.map((state) => state.state === 'off' && state.reason)).toEqual([
      'metered',
      'user',
    ]);
  });
});
