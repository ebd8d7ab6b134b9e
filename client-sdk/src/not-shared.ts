/** Why a segment did not go through the swarm, but through the player's own loader. Reasons are never reused. */
export type NotSharedReason =
  /** Its playlist lists no digests, and {@link ShoalOptions.integrity} is `verified`. */
  | 'no-digests'
  /** An initialisation section. Not among the bytes of segments. */
  | 'init'
  /** A part of a low-latency stream that is not a segment yet. */
  | 'part'
  /** Of a separate audio or subtitle rendition: without digests only the main one is shared. */
  | 'other-track'
  /** A byte range that is not a segment that the engine knows. */
  | 'byte-range'
  /** Loaded by the player to measure its bandwidth. */
  | 'bandwidth-test'
  /** The engine gave it back: P2P or verification failed, or it is larger than the limit of 32 MiB. */
  | 'given-up'
  /** There is no engine: no WebRTC in this browser, or the engine could not be loaded. */
  | 'no-engine'
  /** In no playlist that the engine was shown, or not in a form that it shares (a gap, a variable, an unusable tag, a signature of no key). */
  | 'unknown';

/** What came without the swarm, by reason; a reason that did not occur is absent. */
export type NotShared = Readonly<
  Partial<Record<NotSharedReason, { readonly segments: number; readonly bytes: number }>>
>;

/** Playlists remembered as listing no digests; a player follows a few. */
const MAX_PLAYLISTS = 64;

/** Counts what came without the swarm. */
export class NotSharedMeter {
  readonly #counts = new Map<NotSharedReason, { segments: number; bytes: number }>();
  readonly #withoutDigests = new Set<string>();

  /** Notes whether the playlist with this URL lists digests. */
  playlist(url: string, hasDigests: boolean): void {
    this.#withoutDigests.delete(url);
    if (hasDigests) return;
    this.#withoutDigests.add(url);
    for (const oldest of this.#withoutDigests) {
      if (this.#withoutDigests.size <= MAX_PLAYLISTS) return;
      this.#withoutDigests.delete(oldest);
    }
  }

  listsDigests(url: string): boolean {
    return !this.#withoutDigests.has(url);
  }

  add(reason: NotSharedReason, bytes: number): void {
    const counts = this.#counts.get(reason) ?? { segments: 0, bytes: 0 };
    counts.segments += 1;
    counts.bytes += bytes;
    this.#counts.set(reason, counts);
  }

  read(): NotShared {
    return Object.fromEntries([...this.#counts].map(([reason, counts]) => [reason, { ...counts }]));
  }
}
