import type { MediaPlaylist } from '../../node/media-playlist.ts';
import type {
  PlayerEffect,
  PlayerInput,
  PlayerPosition,
  PlayerStats,
} from '../../node/player-model.ts';
import type { SegmentLoad } from './segment-loader.ts';

/** What a {@link PlayerHost} needs. */
export type PlayerHostOptions = {
  readonly player: {
    step(input: PlayerInput, now: number): readonly PlayerEffect[];
    deadline(): number;
    read(now: number): PlayerStats;
  };
  readonly playlists: { load(): Promise<MediaPlaylist | undefined> };
  readonly segments: { load(segment: SegmentLoad): Promise<number | undefined> };
  readonly onPlayback: (position: PlayerPosition) => void;
  readonly onFetched: (ms: number) => void;
  /** Monotonic, in ms. */
  readonly now: () => number;
};

/** Runs a player model: one input, its effects, one timer. */
export class PlayerHost {
  readonly #options: PlayerHostOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: PlayerHostOptions) {
    this.#options = options;
  }

  start(): void {
    this.#input({ type: 'tick' });
  }

  read(): PlayerStats {
    return this.#options.player.read(this.#options.now());
  }

  /** Idempotent; what was counted stays readable. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #input(input: PlayerInput): void {
    if (this.#closed) return;
    const { player, now } = this.#options;
    for (const effect of player.step(input, now())) this.#run(effect);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#input({ type: 'tick' });
      },
      Math.max(Math.ceil(player.deadline() - now()), 1),
    );
  }

  #run(effect: PlayerEffect): void {
    switch (effect.type) {
      case 'load-playlist':
        void this.#options.playlists.load().then((playlist) => {
          this.#input({ type: 'playlist', playlist });
        });
        return;
      case 'load-segment':
        void this.#options.segments.load(effect).then((ms) => {
          if (ms !== undefined) this.#options.onFetched(ms);
          this.#input({ type: 'segment', ok: ms !== undefined });
        });
        return;
      case 'playback':
        this.#options.onPlayback(effect.position);
        return;
    }
  }
}
