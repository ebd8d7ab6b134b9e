import {
  decideUpload,
  type DeviceState,
  type UploadDecision,
  type UploadSettings,
} from '../../core/upload-policy.ts';
import type { UploadState } from '../../upload-state.ts';

/** What an {@link UploadGovernor} goes by, and whom it tells. */
export type UploadGovernorOptions = {
  readonly settings: UploadSettings;
  readonly device: () => DeviceState;
  readonly p2p: () => boolean;
  readonly uploadedBytes: () => number;
  /** What the engine is to go by from now on. */
  readonly apply: (decision: UploadDecision) => void;
  readonly onState: (state: UploadState) => void;
};

/** Keeps what the engine uploads in step with the viewer's settings and device (SWM-40). */
export class UploadGovernor {
  readonly #options: UploadGovernorOptions;
  #settings: UploadSettings;
  #applied: UploadDecision | undefined;
  #told: UploadState | undefined;

  constructor(options: UploadGovernorOptions) {
    this.#options = options;
    this.#settings = options.settings;
  }

  get settings(): UploadSettings {
    return this.#settings;
  }

  set(settings: UploadSettings): void {
    this.#settings = settings;
    this.refresh();
  }

  /** Decides anew; tells what has changed. The first decision is applied, and not told as a change. */
  refresh(): void {
    const decision = this.#decide();
    if (this.#applied === undefined || !sameDecision(decision, this.#applied)) {
      this.#applied = decision;
      this.#options.apply(decision);
    }
    const state = stateOf(decision);
    const changed = this.#told !== undefined && !sameState(state, this.#told);
    this.#told = state;
    if (changed) this.#options.onState(state);
  }

  /** Of this moment. */
  read(): UploadState {
    return stateOf(this.#decide());
  }

  #decide(): UploadDecision {
    const { device, p2p, uploadedBytes } = this.#options;
    const now = { ...device(), p2p: p2p(), uploadedBytes: uploadedBytes() };
    return decideUpload(this.#settings, now);
  }
}

function stateOf({ shares, limit, reason }: UploadDecision): UploadState {
  const maxKbps = limit === undefined ? undefined : (limit * 8) / 1000;
  if (!shares) return { state: 'off', reason: reason ?? 'user' };
  return reason === undefined
    ? { state: 'on', maxKbps }
    : { state: 'reduced', reason, maxKbps: maxKbps ?? 0 };
}

function sameDecision(a: UploadDecision, b: UploadDecision): boolean {
  return a.shares === b.shares && a.limit === b.limit && a.budget === b.budget;
}

function sameState(a: UploadState, b: UploadState): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
