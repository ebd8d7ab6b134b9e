import {
  decideUpload,
  REDUCED_LIMIT,
  type UploadRule,
  type UploadSettings,
} from '@shoal/client-sdk/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const settings: UploadSettings = {
  enabled: true,
  limit: undefined,
  budget: undefined,
  onMetered: 'off',
  whenHidden: 'reduce',
  onBattery: 'off',
};
const calm = { metered: false, hidden: false, batteryLow: false, p2p: true, uploadedBytes: 0 };
const rule = fc.constantFrom<UploadRule>('off', 'reduce', 'on');

describe('SWM-40 what a viewer uploads', () => {
  it('SWM-40 is everything where nothing speaks against it', () => {
    const decision = { shares: true, limit: undefined, budget: undefined, reason: undefined };
    expect(decideUpload(settings, calm)).toEqual(decision);
  });

  it.each([
    ['p2p', settings, { p2p: false }],
    ['user', { ...settings, enabled: false }, {}],
    ['spent', { ...settings, budget: 100_000 }, { uploadedBytes: 90_000 }],
    ['metered', settings, { metered: true }],
    ['battery', settings, { batteryLow: true }],
    ['hidden', { ...settings, whenHidden: 'off' as const }, { hidden: true }],
  ])('SWM-40 is nothing because of %s', (reason, set, world) => {
    expect(decideUpload(set, { ...calm, ...world })).toMatchObject({ shares: false, reason });
  });

  it('SWM-40 is less where a rule reduces it, but never more than the cap', () => {
    const hidden = { ...calm, hidden: true };
    const reduced = { shares: true, reason: 'hidden', limit: REDUCED_LIMIT };
    expect(decideUpload(settings, hidden)).toMatchObject(reduced);
    expect(decideUpload({ ...settings, limit: 1_000 }, hidden)).toMatchObject({ limit: 1_000 });
  });

  it('SWM-40 goes by the strictest rule that applies, and by none that does not', () => {
    fc.assert(
      fc.property(
        fc.record({ onMetered: rule, whenHidden: rule, onBattery: rule }),
        fc.record({ metered: fc.boolean(), hidden: fc.boolean(), batteryLow: fc.boolean() }),
        (rules, device) => {
          const applying = [
            ...(device.metered ? [rules.onMetered] : []),
            ...(device.batteryLow ? [rules.onBattery] : []),
            ...(device.hidden ? [rules.whenHidden] : []),
          ];
          const { shares, limit } = decideUpload({ ...settings, ...rules }, { ...calm, ...device });
          expect(shares).toBe(!applying.includes('off'));
          if (shares) expect(limit === REDUCED_LIMIT).toBe(applying.includes('reduce'));
        },
      ),
    );
  });
});
