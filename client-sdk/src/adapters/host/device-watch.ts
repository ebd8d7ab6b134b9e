import type { DeviceState } from '../../core/upload-policy.ts';

/** At or below this much charge, the battery is low. */
const LOW_CHARGE = 0.2;

/** The part of the Network Information API that is used; TypeScript knows it no more than some browsers do. */
type Connection = Partial<EventTarget> & {
  readonly type?: unknown;
  readonly saveData?: unknown;
};
/** The part of the Battery Status API that is used. */
type Battery = Partial<EventTarget> & { readonly charging?: unknown; readonly level?: unknown };
type Sources = {
  readonly connection?: Connection | undefined;
  readonly getBattery?: (() => Promise<Battery>) | undefined;
};

/** What the browser tells of the viewer's device, as far as it does; never throws. */
export class DeviceWatch {
  readonly #onChange: () => void;
  readonly #connection: Connection | undefined;
  readonly #page: Document | undefined = globalThis.document;
  readonly #undo = new AbortController();
  #battery: Battery | undefined;

  /** `onChange` is called whenever {@link DeviceWatch.read} may have changed. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
    // Not in TypeScript's types, nor in every browser; and a server that renders pages has no navigator.
    const sources = (typeof navigator === 'undefined' ? {} : navigator) as Sources;
    this.#connection = sources.connection;
    this.#listen(this.#connection, ['change']);
    this.#listen(this.#page, ['visibilitychange']);
    void this.#watchBattery(sources);
  }

  read(): DeviceState {
    const { type, saveData } = this.#connection ?? {};
    const { charging, level } = this.#battery ?? {};
    return {
      metered: saveData === true || type === 'cellular',
      hidden: this.#page?.visibilityState === 'hidden',
      batteryLow: charging === false && typeof level === 'number' && level <= LOW_CHARGE,
    };
  }

  /** Idempotent. */
  close(): void {
    this.#undo.abort();
  }

  /** Refused where a policy of the page forbids it, missing in many browsers. */
  async #watchBattery(sources: Sources): Promise<void> {
    try {
      const battery = await sources.getBattery?.();
      if (battery === undefined || this.#undo.signal.aborted) return;
      this.#battery = battery;
      this.#listen(battery, ['chargingchange', 'levelchange']);
      this.#onChange();
    } catch {
      // Then nothing is known of it.
    }
  }

  #listen(target: Partial<EventTarget> | undefined, names: readonly string[]): void {
    for (const name of names)
      target?.addEventListener?.(name, this.#onChange, { signal: this.#undo.signal });
  }
}
