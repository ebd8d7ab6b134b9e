import {
  type ChannelId,
  type RenditionId,
  type SegmentInfo,
  segmentKey,
  segmentStatement,
  signatureBytes,
} from '@shoal/protocol';
import type { Input, PlainPlaylistInput, PlaylistInput } from '../../core/io.ts';
import type { KnownKeys } from './known-keys.ts';

type Next = (input: Input) => void;

/** What a {@link SignatureGate} needs. */
export type SignatureGateOptions = {
  readonly keys: Pick<KnownKeys, 'known' | 'verify' | 'miss'>;
  /** The signature of a segment in the origin's playlist is of none of the keys; once, until a playlist has none such. */
  readonly onInvalid: (segment: string) => void;
};

/** Verdicts that are remembered: of two playlists as long as they may be. */
const MAX_VERDICTS = 8_192;
/** Segments verified before a playlist is passed on, as many as a live playlist lists, and at a time after that. */
const FIRST_BATCH = 64;
const BATCH = 512;
/** How long a playlist is held back for the first. */
const HOLD_MS = 100;
/** Segments of the tracker that are being verified. */
const MAX_PUSHES = 64;
/** Playlists that are looked at again when there are other keys. */
const MAX_PLAYLISTS = 16;

/** A segment that somebody speaks of, and one text for all that was said. */
type Claim = { readonly info: SegmentInfo; readonly name: string };
/** A playlist on its way. */
type Held = {
  readonly input: PlaylistInput;
  readonly claims: readonly Claim[];
  readonly next: Next;
};

/**
 * Lets the engine know of those segments alone whose signature verifies (SEG-14), whether a playlist lists them or the tracker
 * announces them. All other inputs pass.
 */
export class SignatureGate {
  readonly #options: SignatureGateOptions;
  readonly #verdicts = new Map<string, boolean>();
  /** The newest playlist of each rendition in which something did not verify. */
  readonly #unverified = new Map<RenditionId, Held>();
  /** Of which more is being verified, after the first batch. */
  readonly #rest = new Map<RenditionId, Held>();
  #channel: ChannelId | undefined;
  /** Playlists pass in the order in which they came. */
  #tail: Promise<void> = Promise.resolve();
  #held = 0;
  #pushes = 0;
  #told = false;
  /** How often the keys have changed. */
  #rekeyed = 0;

  constructor(options: SignatureGateOptions) {
    this.#options = options;
  }

  /**
   * Hands on what has verified of a playlist, at once where it is known already; the promise for one that is held back resolves
   * when the player may have it, and does not reject. Playlists without tags pass whole.
   */
  playlist(input: PlaylistInput | PlainPlaylistInput, next: Next): Promise<void> | undefined {
    if (input.type === 'playlist') return this.#playlist(input, next);
    next(input);
    return undefined;
  }

  /** Hands on what the tracker's client says, announcements when they have verified. */
  fromTracker(input: Input, next: Next): void {
    if (input.type === 'tracker-message' && input.message.action === 'segment')
      void this.#push(input, input.message.segment, next);
    else next(input);
  }

  /** There are other keys: what did not verify may do so now. */
  rekeyed(): void {
    this.#rekeyed += 1;
    for (const [name, right] of this.#verdicts) if (!right) this.#verdicts.delete(name);
    const again = [...this.#unverified.values()];
    this.#unverified.clear();
    for (const { input, next } of again)
      if (input.swarm.channel === this.#channel) void this.#playlist(input, next);
  }

  #playlist(input: PlaylistInput, next: Next): Promise<void> | undefined {
    const { channel, rendition, segments, ended } = input.swarm;
    if (this.#channel !== channel) {
      this.#unverified.clear();
      this.#rest.clear();
    }
    this.#channel = channel;
    // This one goes on from where that is.
    this.#rest.delete(rendition);
    const claims = segments.map(({ info }) => ({ info, name: nameOf(channel, info) }));
    const held = { input, claims, next };
    const unknown = claims.filter((claim) => this.#isOpen(claim));
    // Playback begins at the start of what has ended, and at the end of what has not.
    if (!ended) unknown.reverse();
    if (unknown.length === 0 && this.#held === 0) {
      this.#settle(held);
      return undefined;
    }
    const first = this.#verifyAll(channel, unknown.splice(0, FIRST_BATCH));
    this.#held += 1;
    const passed = this.#tail
      .then(() => first)
      .then(() => {
        this.#held -= 1;
        this.#settle(held);
        if (unknown.length > 0) void this.#verifyRest(held, unknown);
      });
    this.#tail = passed;
    return Promise.race([passed, new Promise<void>((resolve) => setTimeout(resolve, HOLD_MS))]);
  }

  async #verifyRest(held: Held, unknown: Claim[]): Promise<void> {
    const { channel, rendition } = held.input.swarm;
    this.#rest.set(rendition, held);
    while (unknown.length > 0) {
      await this.#verifyAll(channel, unknown.splice(0, BATCH));
      if (this.#rest.get(rendition) !== held) return;
      this.#settle(held);
    }
  }

  async #push(input: Input, info: SegmentInfo, next: Next): Promise<void> {
    const channel = this.#channel;
    if (channel === undefined) return;
    const claim = { info, name: nameOf(channel, info) };
    if (this.#isOpen(claim)) {
      if (this.#pushes >= MAX_PUSHES) return;
      this.#pushes += 1;
      await this.#verifyAll(channel, [claim]);
      this.#pushes -= 1;
    }
    if (this.#verdicts.get(claim.name) === true) next(input);
  }

  /** Passes on what has verified of a playlist; nothing while nothing has, so that nobody joins a channel in vain. */
  #settle(held: Held): void {
    const { input, claims, next } = held;
    const { swarm, urls } = input;
    const right = claims.map(({ name }) => this.#verdicts.get(name) === true);
    const kept = <T>(list: readonly T[]): readonly T[] => list.filter((_, i) => right[i]);
    if (right.includes(true))
      next({ ...input, swarm: { ...swarm, segments: kept(swarm.segments) }, urls: kept(urls) });
    this.#complain(
      held,
      claims.find(({ info, name }) => isUnsigned(info) || this.#verdicts.get(name) === false),
    );
  }

  #complain(held: Held, wrong: Claim | undefined): void {
    const { rendition } = held.input.swarm;
    this.#unverified.delete(rendition);
    if (wrong === undefined) {
      this.#told = false;
      return;
    }
    this.#unverified.set(rendition, held);
    dropOldest(this.#unverified, MAX_PLAYLISTS);
    const { keys, onInvalid } = this.#options;
    // Until there are keys, they are on their way.
    if (!keys.known) return;
    if (!this.#told) onInvalid(segmentKey(wrong.info.id));
    this.#told = true;
    if (!isUnsigned(wrong.info)) keys.miss();
  }

  /** Whether it has to be verified. */
  #isOpen({ info, name }: Claim): boolean {
    return !isUnsigned(info) && !this.#verdicts.has(name);
  }

  async #verifyAll(channel: ChannelId, claims: readonly Claim[]): Promise<void> {
    const { keys } = this.#options;
    const rekeyed = this.#rekeyed;
    const verified = await Promise.all(
      claims.map(({ info }) =>
        keys.verify(signatureBytes(info.signature ?? ''), segmentStatement(channel, info)),
      ),
    );
    for (const [i, { name }] of claims.entries()) this.#verdicts.set(name, verified[i] === true);
    dropOldest(this.#verdicts, MAX_VERDICTS);
    if (rekeyed === this.#rekeyed) return;
    // They were verified by keys of before.
    const again = claims.filter((_, i) => verified[i] !== true);
    if (again.length > 0) await this.#verifyAll(channel, again);
  }
}

function isUnsigned({ signature }: SegmentInfo): boolean {
  return signature === undefined;
}

function dropOldest<K>(map: Map<K, unknown>, most: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= most) return;
    map.delete(oldest);
  }
}

/** All that is signed, and the signature. */
function nameOf(channel: ChannelId, info: SegmentInfo): string {
  const { id, size, durationMs, root, signature } = info;
  return `${channel}/${segmentKey(id)} ${size} ${durationMs} ${root} ${signature ?? ''}`;
}
