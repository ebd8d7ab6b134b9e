import { type Generated } from 'kysely';

/** Unix milliseconds. */
type Millis = number;
/** 0 or 1: SQLite has no booleans. */
type Flag = number;
type StreamState = 'online' | 'interrupted' | 'offline';
/** JSON as text, which both databases have. */
type Json = string;

/** Tables of the broadcast service, the same in SQLite and PostgreSQL. Names of columns are those of SQL. */
export type Database = {
  channels: {
    id: string;
    title: string;
    category: string;
    tags: Json;
    thumbnail: string | null;
    owner: string | null;
    chat_mode: string;
    chat_slow_seconds: number;
    chat_blocked_words: Json;
    version: number;
    created_at: Millis;
    updated_at: Millis;
  };
  /** The key itself is shown once and kept nowhere. */
  stream_keys: {
    id: string;
    channel: string;
    digest: string;
    hint: string;
    created_at: Millis;
    /** From when on it opens nothing; may be to come. */
    revoked_at: Millis | null;
    /** When somebody was let in with it last. */
    used_at: Millis | null;
  };
  /** Streams of channels. A row is written first by whoever changes something of its channel's broadcasts, so that there is one at a time. */
  streams: {
    channel: string;
    state: StreamState;
    /** What viewers were told. */
    shown: StreamState;
    /** Of the origin's clock. */
    since: Millis;
    /** 1 while nobody may publish until a broadcast is ready. */
    /** 1: nobody publishes until another broadcast is ready; 2: until the operator makes one ready; else 0. */
    barred: number;
    /** When it came online last, and when its state changed: of our clock. */
    online_at: Millis | null;
    changed_at: Millis;
    /** What the streamer was told of its health, and when. */
    health: string;
    health_at: Millis | null;
    /** Counts changes. */
    turns: number;
    created_at: Millis;
  };
  /** Events that are to be told, once and in order; written together with what they tell of. */
  announcements: {
    id: string;
    channel: string;
    /** Its place among those of the channel. */
    place: number;
    audience: string;
    event: Json;
    at: Millis;
  };
  /** What viewers of each process say of playback. */
  playback_shares: {
    channel: string;
    process: string;
    viewers: number;
    troubled: number;
    at: Millis;
  };
  /** Recordings of which viewers were told, or need not be. */
  vods: { channel: string; recording: number; noted_at: Millis };
  broadcasts: {
    id: string;
    channel: string;
    title: string;
    state: string;
    auto_start: Flag;
    auto_stop: Flag;
    scheduled_at: Millis | null;
    created_at: Millis;
    started_at: Millis | null;
    ended_at: Millis | null;
    version: number;
  };
  tokens: {
    id: string;
    digest: string;
    type: string;
    user_id: string;
    name: string;
    guest: Flag;
    /** Of one that is good for the alerts of this channel alone. */
    channel: string | null;
    created_at: Millis;
    expires_at: Millis | null;
    revoked_at: Millis | null;
  };
  moderators: {
    channel: string;
    user_id: string;
    name: string;
    added_at: Millis;
    added_by: string;
  };
  followers: { channel: string; user_id: string; since: Millis };
  chat_messages: {
    id: string;
    channel: string;
    author_id: string;
    author_name: string;
    author_rank: string;
    text: string;
    at: Millis;
    /** Its number in the feed of viewers, which is its place; null until it is told. */
    seq: number | null;
    deleted_at: Millis | null;
    deleted_by: string | null;
    /** 1 while viewers are still to be told of it, or of its deletion. */
    untold: Flag;
  };
  /** When viewers wrote lately, for their rates; whoever takes a message of theirs writes this first. */
  chat_writers: {
    channel: string;
    user_id: string;
    /** Unix milliseconds, the oldest first. */
    times: Json;
    last_at: Millis;
    version: number;
  };
  bans: {
    channel: string;
    user_id: string;
    /** Null: for good. */
    until: Millis | null;
    reason: string;
    by: string;
    at: Millis;
  };
  reports: {
    id: string;
    channel: string;
    message: string;
    reporter: string;
    reason: string;
    at: Millis;
    resolved_at: Millis | null;
    resolved_by: string | null;
  };
  subscriptions: {
    id: string;
    channel: string;
    user_id: string;
    name: string;
    tier: string;
    state: string;
    renews: Flag;
    months: number;
    since: Millis;
    periods: number;
    expires_at: Millis;
    failures: number;
    due_at: Millis | null;
    /** What the payment provider charges; null where nothing is renewed. */
    method: string | null;
    created_at: Millis;
    version: number;
  };
  payments: {
    id: string;
    channel: string;
    purpose: 'donation' | 'subscription' | 'renewal' | 'gift';
    /** Id of the donation or subscription. */
    subject: string;
    /** Name of who gives, where it is a gift. */
    giver: string | null;
    minor_units: number;
    currency: string;
    state: 'pending' | 'paid' | 'failed';
    reason: string | null;
    created_at: Millis;
    /** When the provider is asked about it next. */
    ask_at: Millis;
    settled_at: Millis | null;
  };
  /** What the sandbox, which moves no money, was asked for. */
  sandbox_payments: {
    id: string;
    state: 'pending' | 'paid' | 'failed';
    reason: string;
    created_at: Millis;
  };
  donations: {
    id: string;
    channel: string;
    from_id: string;
    from_name: string;
    minor_units: number;
    currency: string;
    message: string;
    state: string;
    created_at: Millis;
    paid_at: Millis | null;
  };
  outbox: {
    id: string;
    channel: string;
    event: Json;
    created_at: Millis;
    /** Its number in the streamer's feed; null until it is there. */
    seq: number | null;
    acknowledged_at: Millis | null;
  };
  webhooks: {
    id: string;
    channel: string;
    url: string;
    secrets: Json;
    /** Null: all that are sent without being asked for. */
    types: Json | null;
    active: Flag;
    disabled_reason: string | null;
    failing_since: Millis | null;
    /** Numbers of the feeds up to which deliveries were made. */
    after_viewers: number;
    after_streamer: number;
    created_at: Millis;
    version: number;
  };
  deliveries: {
    id: string;
    webhook: string;
    event_id: string;
    event_type: string;
    body: Json;
    state: string;
    attempts: number;
    next_at: Millis;
    last_status: number | null;
    last_error: string | null;
    created_at: Millis;
  };
  idempotency: {
    actor: string;
    key: string;
    digest: string;
    /** Null while the first request is answered. */
    status: number | null;
    body: string | null;
    headers: Json | null;
    /** Id of what the request makes, however often it is begun. */
    made: string;
    /** Until when the request that is being answered has it for itself. */
    lease_until: Millis;
    expires_at: Millis;
  };
  feed_events: {
    channel: string;
    audience: string;
    seq: number;
    id: string;
    envelope: Json;
  };
  /** About the database itself. */
  facts: { name: string; value: string };
  /** The newest number of each feed, which outlives the events. */
  feeds: { channel: string; audience: string; seq: Generated<number> };
};
