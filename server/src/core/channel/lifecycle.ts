/** Milliseconds since the Unix epoch. */
type Millis = number;

/** Names a publisher's connection; never reused while the origin runs. */
export type SessionId = number;

/** What the channel has to do with encoders while a publisher is there. */
type EncoderState =
  | {
      readonly type: 'running';
      readonly epoch: number;
      /** When media came that no segment has answered yet. */
      readonly awaitingSince: Millis | undefined;
      /** Whether its publisher is paused until it takes what waits. */
      readonly held: boolean;
    }
  | { readonly type: 'waiting'; readonly until: Millis };

/**
 * Where a channel stands. `starting` becomes `live` with the first segment; `interrupted` becomes
 * `ended` unless a publisher comes back in time.
 */
export type LifecycleState =
  | { readonly state: 'idle'; readonly since: Millis }
  | {
      readonly state: 'ended';
      readonly since: Millis;
      /** When its playlist is closed; undefined once it is. Until then a publisher goes on in it. */
      readonly closesAt: Millis | undefined;
    }
  | { readonly state: 'interrupted'; readonly since: Millis; readonly until: Millis }
  | {
      readonly state: 'starting' | 'live';
      readonly since: Millis;
      readonly session: SessionId;
      readonly encoder: EncoderState;
      /** Encoders that died since the last segment. */
      readonly failures: number;
    };

/** Everything that can happen to a channel's lifecycle. */
export type LifecycleInput =
  /** A publisher with the channel's key asks; it replaces one that is there (ORG-8). */
  | { readonly type: 'publish'; readonly session: SessionId }
  | { readonly type: 'unpublish'; readonly session: SessionId }
  | { readonly type: 'media' }
  /** The publisher is paused for the encoder's sake, so that no media come, or goes on. */
  | { readonly type: 'held'; readonly held: boolean }
  | { readonly type: 'segment'; readonly epoch: number }
  | { readonly type: 'encoder-exit'; readonly epoch: number }
  /** The encoder of this epoch must be replaced; it is killed. */
  | { readonly type: 'replace-encoder'; readonly epoch: number }
  /** The publisher sends something else from now on: the encoder writes out what it has, and another one begins. */
  | { readonly type: 'renew-encoder' }
  | { readonly type: 'tick' };

/** What a change of the lifecycle asks for. */
export type LifecycleEffect =
  | { readonly type: 'start-encoder'; readonly epoch: number }
  /** Ends its input, so that it writes what it holds and leaves. */
  | { readonly type: 'finish-encoder' | 'kill-encoder'; readonly epoch: number }
  | { readonly type: 'drop-publisher'; readonly session: SessionId; readonly reason: string }
  | { readonly type: 'broadcast-begins' | 'close-playlists' }
  | { readonly type: 'online' | 'interrupted' | 'offline' };

/** Times and what the lifecycle knows from before. */
export type LifecycleOptions = {
  /** How long a channel waits for its publisher (ORG-8). */
  readonly interruptedMs: number;
  /** How long after the end the playlist stays open for a publisher that comes back after all. */
  readonly closeAfterMs: number;
  /** The largest epoch used so far; every new one is larger (SEG-2). */
  readonly lastEpoch: number;
  /** How long an encoder may take media without a segment (ORG-9). */
  readonly watchdogMs: () => number;
  /** A broadcast that was open when the origin stopped waits for its publisher. */
  readonly resumesAt?: Millis;
};

const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 8_000;

/** The life of a channel: publishers come and go, encoders die, viewers are told. No clock, no I/O. */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  #state: LifecycleState;
  #lastEpoch: number;

  constructor(options: LifecycleOptions, now: Millis) {
    this.#options = options;
    this.#lastEpoch = options.lastEpoch;
    this.#state =
      options.resumesAt === undefined
        ? { state: 'idle', since: now }
        : { state: 'interrupted', since: now, until: options.resumesAt + options.interruptedMs };
  }

  /** Where the channel stands now. */
  get state(): LifecycleState {
    return this.#state;
  }

  /** Whether viewers may still be following a playlist that goes on. */
  get open(): boolean {
    const state = this.#state;
    return state.state === 'ended' ? state.closesAt !== undefined : state.state !== 'idle';
  }

  /** The largest epoch used so far. */
  get lastEpoch(): number {
    return this.#lastEpoch;
  }

  /** When `tick` is due next; undefined when nothing is. */
  deadline(): Millis | undefined {
    const state = this.#state;
    if (state.state === 'interrupted') return state.until;
    if (state.state === 'ended') return state.closesAt;
    if (state.state !== 'starting' && state.state !== 'live') return undefined;
    if (state.encoder.type === 'waiting') return state.encoder.until;
    const { awaitingSince } = state.encoder;
    return awaitingSince === undefined ? undefined : awaitingSince + this.#options.watchdogMs();
  }

  step(input: LifecycleInput, now: Millis): readonly LifecycleEffect[] {
    switch (input.type) {
      case 'publish':
        return this.#publish(input.session, now);
      case 'unpublish':
        return this.#unpublish(input.session, now);
      case 'media':
        return this.#media(now);
      case 'held':
        return this.#hold(input.held, now);
      case 'segment':
        return this.#segment(input.epoch, now);
      case 'encoder-exit':
        return this.#encoderGone(input.epoch, now);
      case 'replace-encoder':
        return this.#replaceEncoder(input.epoch, now);
      case 'renew-encoder':
        return this.#renewEncoder(now);
      case 'tick':
        return this.#tick(now);
    }
  }

  #publish(session: SessionId, now: Millis): readonly LifecycleEffect[] {
    const before = this.#state;
    const effects: LifecycleEffect[] = [];
    if (before.state === 'starting' || before.state === 'live') {
      effects.push({ type: 'drop-publisher', session: before.session, reason: 'replaced' });
      effects.push(...finish(before.encoder));
    }
    if (!this.open) effects.push({ type: 'broadcast-begins' });
    const { effect, encoder } = this.#start(now);
    const active = before.state === 'starting' || before.state === 'live';
    const since = active ? before.since : now;
    this.#state = {
      state: before.state === 'live' ? 'live' : 'starting',
      since,
      session,
      encoder,
      failures: 0,
    };
    effects.push(effect);
    if (!active) effects.push({ type: 'online' });
    return effects;
  }

  #unpublish(session: SessionId, now: Millis): readonly LifecycleEffect[] {
    const state = this.#state;
    if ((state.state !== 'starting' && state.state !== 'live') || state.session !== session)
      return [];
    this.#state = { state: 'interrupted', since: now, until: now + this.#options.interruptedMs };
    return [...finish(state.encoder), { type: 'interrupted' }];
  }

  #media(now: Millis): readonly LifecycleEffect[] {
    const state = this.#state;
    if (state.state !== 'starting' && state.state !== 'live') return [];
    if (state.encoder.type === 'running' && state.encoder.awaitingSince === undefined)
      this.#state = { ...state, encoder: { ...state.encoder, awaitingSince: now } };
    return [];
  }

  #hold(held: boolean, now: Millis): readonly LifecycleEffect[] {
    const state = this.#state;
    if (state.state !== 'starting' && state.state !== 'live') return [];
    if (state.encoder.type !== 'running') return [];
    this.#state = { ...state, encoder: { ...state.encoder, held } };
    return held ? this.#media(now) : [];
  }

  #segment(epoch: number, now: Millis): readonly LifecycleEffect[] {
    const state = this.#state;
    if (state.state !== 'starting' && state.state !== 'live') return [];
    const { encoder } = state;
    if (encoder.type !== 'running' || encoder.epoch !== epoch) return [];
    const since = state.state === 'live' ? state.since : now;
    this.#state = {
      ...state,
      state: 'live',
      since,
      failures: 0,
      encoder: { ...encoder, awaitingSince: encoder.held ? now : undefined },
    };
    return [];
  }

  #encoderGone(epoch: number, now: Millis): readonly LifecycleEffect[] {
    const state = this.#state;
    if (state.state !== 'starting' && state.state !== 'live') return [];
    if (state.encoder.type !== 'running' || state.encoder.epoch !== epoch) return [];
    const failures = state.failures + 1;
    const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), LAST_BACKOFF_MS);
    this.#state = { ...state, failures, encoder: { type: 'waiting', until: now + backoff } };
    return [];
  }

  #replaceEncoder(epoch: number, now: Millis): readonly LifecycleEffect[] {
    const state = this.#state;
    if (state.state !== 'starting' && state.state !== 'live') return [];
    if (state.encoder.type !== 'running' || state.encoder.epoch !== epoch) return [];
    return [{ type: 'kill-encoder', epoch }, ...this.#encoderGone(epoch, now)];
  }

  #renewEncoder(now: Millis): readonly LifecycleEffect[] {
    const state = this.#state;
    if (state.state !== 'starting' && state.state !== 'live') return [];
    // One that is about to start begins with what is new.
    if (state.encoder.type !== 'running') return [];
    const { effect, encoder } = this.#start(now);
    this.#state = { ...state, encoder };
    return [...finish(state.encoder), effect];
  }

  #tick(now: Millis): readonly LifecycleEffect[] {
    const due = this.deadline();
    if (due === undefined || now < due) return [];
    const state = this.#state;
    if (state.state === 'interrupted') {
      this.#state = { state: 'ended', since: now, closesAt: now + this.#options.closeAfterMs };
      return [{ type: 'offline' }];
    }
    if (state.state === 'ended') {
      this.#state = { ...state, closesAt: undefined };
      return [{ type: 'close-playlists' }];
    }
    if (state.state !== 'starting' && state.state !== 'live') return [];
    if (state.encoder.type === 'running') return this.#replaceEncoder(state.encoder.epoch, now);
    const { effect, encoder } = this.#start(now);
    this.#state = { ...state, encoder };
    return [effect];
  }

  #start(now: Millis): {
    readonly effect: LifecycleEffect;
    readonly encoder: EncoderState;
  } {
    const epoch = Math.max(Math.floor(now / 1000), this.#lastEpoch + 1);
    this.#lastEpoch = epoch;
    return {
      effect: { type: 'start-encoder', epoch },
      encoder: { type: 'running', epoch, awaitingSince: undefined, held: false },
    };
  }
}

function finish(encoder: EncoderState): readonly LifecycleEffect[] {
  return encoder.type === 'running' ? [{ type: 'finish-encoder', epoch: encoder.epoch }] : [];
}
