import { isSpent } from './uploads.ts';

/** What a rule asks for where it applies: nothing is uploaded, less, or as ever. */
export type UploadRule = 'off' | 'reduce' | 'on';

/** What the viewer, and the site for it, allows. */
export type UploadSettings = {
  /** The viewer's switch. */
  readonly enabled: boolean;
  /** Cap in bytes a second; undefined for none. */
  readonly limit: number | undefined;
  /** Bytes that may be uploaded in all; undefined for any number. */
  readonly budget: number | undefined;
  readonly onMetered: UploadRule;
  readonly whenHidden: UploadRule;
  readonly onBattery: UploadRule;
};

/** What is known of the viewer's device; false where the browser does not say. */
export type DeviceState = {
  /** The connection costs by the byte, or the viewer asked to save data. */
  readonly metered: boolean;
  /** Nobody sees the page. */
  readonly hidden: boolean;
  /** The battery is low and nothing charges it. */
  readonly batteryLow: boolean;
};

/** Why nothing, or less, is uploaded. `p2p`: P2P is switched off or not possible. `user`: the switch is off. `spent`: the byte budget is. */
export type UploadReason = 'p2p' | 'user' | 'spent' | 'metered' | 'battery' | 'hidden';

/** What is uploaded from now on. */
export type UploadDecision = {
  readonly shares: boolean;
  /** Bytes a second; undefined for no cap. */
  readonly limit: number | undefined;
  readonly budget: number | undefined;
  /** Undefined while nothing restrains it but the cap and the budget. */
  readonly reason: UploadReason | undefined;
};

/** What `reduce` leaves, in bytes a second: 500 kbit/s, which neither a call nor a game on the same uplink feels much. */
export const REDUCED_LIMIT = 62_500;

/** Applies the rules (SWM-40): the strictest of those that apply is kept. */
export function decideUpload(
  settings: UploadSettings,
  now: DeviceState & { readonly p2p: boolean; readonly uploadedBytes: number },
): UploadDecision {
  const { limit, budget } = settings;
  const off = (reason: UploadReason): UploadDecision => ({ shares: false, limit, budget, reason });
  if (!now.p2p) return off('p2p');
  if (!settings.enabled) return off('user');
  if (isSpent(now.uploadedBytes, budget)) return off('spent');
  const applying: { readonly reason: UploadReason; readonly rule: UploadRule }[] = [];
  if (now.metered) applying.push({ reason: 'metered', rule: settings.onMetered });
  if (now.batteryLow) applying.push({ reason: 'battery', rule: settings.onBattery });
  if (now.hidden) applying.push({ reason: 'hidden', rule: settings.whenHidden });
  const forbidding = applying.find(({ rule }) => rule === 'off');
  if (forbidding !== undefined) return off(forbidding.reason);
  const reducing = applying.find(({ rule }) => rule === 'reduce');
  return {
    shares: true,
    limit: reducing === undefined ? limit : Math.min(limit ?? Infinity, REDUCED_LIMIT),
    budget,
    reason: reducing?.reason,
  };
}
