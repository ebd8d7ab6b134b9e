import type Hls from 'hls.js';
import type { AbrComponentAPI, FragBufferedData, HlsConfig, Level } from 'hls.js';
import { QualityPolicy, type QualityView } from '../../core/quality-policy.ts';
import { eventsOf } from './hls-events.ts';

/** What an ABR controller needs. */
export type AbrPorts = {
  /** Whether the swarm serves the player; otherwise hls.js chooses as ever. */
  readonly active: () => boolean;
  readonly httpBitsPerSecond: () => number | undefined;
  /** How many neighbours hold what is needed next of the media playlist with this URL. */
  readonly holders: (url: string) => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Monotonic, in ms. */
  readonly now: () => number;
};

/**
 * The class to give to hls.js as `abrController`. The first quality, errors, emergencies and everything
 * while P2P is off are for the controller that hls.js would have made; which quality follows a segment of the swarm
 * is for {@link QualityPolicy} (SWM-21).
 */
export function createAbrController(ports: AbrPorts): HlsConfig['abrController'] {
  const made = class extends SwarmAbrController {
    constructor(hls: Hls) {
      super(hls, ports);
    }
  };
  // hls.js names its own class as the type, private fields and all; it uses what AbrComponentAPI has.
  return made as unknown as HlsConfig['abrController'];
}

class SwarmAbrController implements AbrComponentAPI {
  readonly #hls: Hls;
  readonly #ports: AbrPorts;
  readonly #own: InstanceType<HlsConfig['abrController']>;
  readonly #policy: QualityPolicy;
  /** Of the segment that was buffered last. */
  #level: number | undefined;
  #sn: number | undefined;

  constructor(hls: Hls, ports: AbrPorts) {
    this.#hls = hls;
    this.#ports = ports;
    // As in eventsOf: the player's own build of hls.js.
    const { DefaultConfig } = hls.constructor as typeof Hls;
    this.#own = new DefaultConfig.abrController(hls);
    this.#policy = new QualityPolicy(ports.random);
    const events = eventsOf(hls);
    hls.on(events.MANIFEST_LOADING, this.#onOtherLevels);
    hls.on(events.LEVELS_UPDATED, this.#onOtherLevels);
    hls.on(events.FRAG_BUFFERED, this.#onBuffered);
  }

  get bwEstimator(): NonNullable<AbrComponentAPI['bwEstimator']> {
    return this.#own.bwEstimator;
  }

  get firstAutoLevel(): number {
    return this.#own.firstAutoLevel;
  }

  get forcedAutoLevel(): number {
    return this.#own.forcedAutoLevel;
  }

  get nextAutoLevel(): number {
    const { active, now } = this.#ports;
    if (!active()) return this.#own.nextAutoLevel;
    // Set when hls.js leaves a level for its errors, and from each choice until its first segment.
    const forced = this.#own.forcedAutoLevel;
    if (forced !== -1) return forced;
    const choice = this.#choice();
    if (choice === undefined) return this.#own.nextAutoLevel;
    return choice.levels[this.#policy.choose(choice.view, now())] ?? this.#own.nextAutoLevel;
  }

  set nextAutoLevel(level: number) {
    this.#own.nextAutoLevel = level;
  }

  resetEstimator(bitsPerSecond: number): void {
    this.#own.resetEstimator(bitsPerSecond);
  }

  destroy(): void {
    const events = eventsOf(this.#hls);
    this.#hls.off(events.MANIFEST_LOADING, this.#onOtherLevels);
    this.#hls.off(events.LEVELS_UPDATED, this.#onOtherLevels);
    this.#hls.off(events.FRAG_BUFFERED, this.#onBuffered);
    this.#own.destroy();
  }

  readonly #onOtherLevels = (): void => {
    this.#level = undefined;
  };

  readonly #onBuffered = (_: unknown, { frag }: FragBufferedData): void => {
    const { sn, level, bitrateTest } = frag;
    const type: string = frag.type;
    if (type !== 'main' || sn === 'initSegment' || bitrateTest) return;
    // A segment in parts is one.
    if (sn === this.#sn && level === this.#level) return;
    this.#sn = sn;
    this.#level = level;
    const choice = this.#choice();
    if (choice !== undefined) this.#policy.loaded(choice.view, this.#ports.now());
  };

  /** The levels among which to choose; undefined where that is for hls.js: at the start, and outside of its bounds. */
  #choice(): { readonly levels: readonly number[]; readonly view: QualityView } | undefined {
    const hls = this.#hls;
    const { levels: all, minAutoLevel, maxAutoLevel } = hls;
    const playing = this.#level === undefined ? undefined : all[this.#level];
    if (playing === undefined) return undefined;
    const levels: number[] = [];
    for (let i = minAutoLevel; i <= maxAutoLevel; i++) {
      const level = all[i];
      if (level !== undefined && (level === playing || isLike(level, playing))) levels.push(i);
    }
    const current = levels.findIndex((i) => all[i] === playing);
    const next = all[levels[current + 1] ?? -1];
    if (current < 0) return undefined;
    const details = playing.details ?? next?.details;
    const segment = details?.averagetargetduration ?? details?.targetduration ?? 0;
    const view = {
      bitrates: levels.map((i) => all[i]?.maxBitrate ?? Infinity),
      current,
      bufferMs: 1000 * (hls.mainForwardBufferInfo?.len ?? 0),
      segmentMs: 1000 * segment,
      atLeast: this.#own.bwEstimator.getEstimate(),
      httpRate: this.#ports.httpBitsPerSecond(),
      holders: next === undefined ? 0 : this.#ports.holders(next.details?.url ?? next.uri),
    };
    return { levels, view };
  }
}

/** Whether a player can go from one to the other without a change of decoder, and with no more errors. */
function isLike(level: Level, playing: Level): boolean {
  return (
    level.codecSet === playing.codecSet &&
    level.videoRange === playing.videoRange &&
    level.loadError <= playing.loadError
  );
}
