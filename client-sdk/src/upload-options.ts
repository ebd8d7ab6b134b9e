import { err, ok, type Result } from '@shoal/protocol';
import type { UploadRule, UploadSettings } from './core/upload-policy.ts';
import type { UploadOptions } from './options.ts';

const RULES: readonly UploadRule[] = ['off', 'reduce', 'on'];
const DEFAULTS: UploadSettings = {
  enabled: true,
  limit: undefined,
  budget: undefined,
  onMetered: 'off',
  whenHidden: 'reduce',
  onBattery: 'off',
};

/**
 * Fills in the defaults. A boolean is the viewer's switch alone, and leaves the rest as it was `before`; an object says it
 * all anew, and switches on. The error says what makes no sense.
 */
export function readUpload(
  upload: boolean | UploadOptions,
  before: UploadSettings = DEFAULTS,
): Result<UploadSettings, string> {
  if (typeof upload === 'boolean') return ok({ ...before, enabled: upload });
  if (typeof upload !== 'object') return err('upload: must be true, false or an object');
  const { maxKbps, maxBytes } = upload;
  const { onMetered, whenHidden, onBattery } = { ...DEFAULTS, ...upload };
  for (const [name, bound] of Object.entries({ maxKbps, maxBytes }))
    if (bound !== undefined && !(Number.isFinite(bound) && bound > 0))
      return err(`upload.${name}: must be a number above 0`);
  for (const [name, rule] of Object.entries({ onMetered, whenHidden, onBattery }))
    if (!RULES.includes(rule)) return err(`upload.${name}: must be one of ${RULES.join(', ')}`);
  const limit = maxKbps === undefined ? undefined : (maxKbps * 1000) / 8;
  return ok({ enabled: true, limit, budget: maxBytes, onMetered, whenHidden, onBattery });
}
