import { percentile } from '../../support/percentile.ts';
import { pause } from '../../support/until.ts';
import { MAX_LAG_MS, startLagMeter } from '../lag-meter.ts';
import { AnnouncingPeer, OFFERS } from './announcing-peer.ts';
import type { ProcessReading } from './contenders.ts';

/** How a tracker is loaded. */
export type LoadPlan = {
  readonly swarm: number;
  /** Announces a second, by all peers together. */
  readonly rate: number;
  /** Measured. */
  readonly seconds: number;
};

/** What a swarm of one size came to. */
export type LoadFigures = {
  /** CPU time of the tracker for an announce with five offers and its answers; undefined for one that runs elsewhere. */
  readonly cpuUsPerCycle: number | undefined;
  readonly rssBytesPerPeer: number | undefined;
  /** From an announce to its reply. */
  readonly replyP50Ms: number | undefined;
  readonly replyP99Ms: number | undefined;
  readonly cycles: number;
  /** Answers that came back, of those that the offers could have. */
  readonly answeredPercent: number;
  /** Peers that the tracker counts, of those connected; each has announced twice by then. */
  readonly reported: number;
  /** Peers that were passed no offer although every peer has announced five since. */
  readonly withoutOffer: number;
  /** Sockets that the tracker closed. */
  readonly lost: number;
  /** Of this process. */
  readonly lagMs: number;
  readonly valid: boolean;
};

/** Whom to ask for the tracker's own figures; absent for one that runs elsewhere. */
type Measure = (() => Promise<ProcessReading>) | undefined;

/** Peers connected at a time while a swarm gathers. */
const OPENING = 32;
/** Announces a second at least, outside what is measured. */
const GATHER_RATE = 500;
const TICK_MS = 5;
/** After the last announce of a round, for what is under way. */
const QUIET_MS = 1_500;
const INFO_HASH = 'shoal-bench-swarm-01';

/** Gathers a swarm, lets every peer announce once more, then measures at a steady rate. */
export async function loadTracker(
  url: URL,
  plan: LoadPlan,
  at: { readonly measure: Measure; readonly progress: (line: string) => void },
): Promise<LoadFigures> {
  const { swarm, rate, seconds } = plan;
  const { measure, progress } = at;
  const tally = { replies: 0, answers: 0, reported: 0, lost: 0, took: [] as number[] };
  const peers: AnnouncingPeer[] = [];
  const listener = {
    onReply: (tookMs: number, reported: number) => {
      tally.replies += 1;
      tally.reported = reported;
      tally.took.push(tookMs);
    },
    onAnswer: () => {
      tally.answers += 1;
    },
    onClose: () => {
      tally.lost += 1;
    },
  };
  try {
    const empty = await measure?.();
    for (let from = 0; from < swarm; from += OPENING) {
      const numbers = Array.from({ length: Math.min(OPENING, swarm - from) }, (_, i) => from + i);
      const opened = numbers.map((number) =>
        AnnouncingPeer.open(url, { infoHash: INFO_HASH, number }, listener),
      );
      const joined = await Promise.all(opened);
      peers.push(...joined);
      // As clients do, which announce once they are connected; but no faster than the rounds that follow.
      for (const peer of joined) peer.announce();
      await pause((1_000 * joined.length) / Math.max(rate, GATHER_RATE));
      if (from % (OPENING * 64) === 0) progress(`${peers.length} of ${swarm} have announced`);
    }
    await pause(QUIET_MS);
    for (const peer of peers) peer.offersHeard = 0;
    progress('everybody announces again');
    await announceAll(peers, rate);
    const { reported } = tally;
    const withoutOffer = peers.filter(({ offersHeard }) => offersHeard === 0).length;
    const full = await measure?.();

    progress(`${rate} announces a second for ${seconds} s`);
    Object.assign(tally, { replies: 0, answers: 0, took: [] });
    const lag = await startLagMeter();
    const before = await measure?.();
    await announceSteadily(peers, rate, seconds * rate);
    await pause(QUIET_MS);
    const after = await measure?.();
    const lagMs = lag.stop();
    const possible = Math.min(OFFERS, swarm - 1) * tally.replies;
    return {
      cpuUsPerCycle: before && after && (after.cpuUs - before.cpuUs) / Math.max(1, tally.replies),
      rssBytesPerPeer: empty && full && (full.rssBytes - empty.rssBytes) / swarm,
      replyP50Ms: percentile(tally.took, 0.5),
      replyP99Ms: percentile(tally.took, 0.99),
      cycles: tally.replies,
      answeredPercent: (100 * tally.answers) / Math.max(1, possible),
      ...{ reported, withoutOffer, lost: tally.lost, lagMs },
      valid: lagMs <= MAX_LAG_MS,
    };
  } finally {
    for (const peer of peers) peer.close();
  }
}

async function announceAll(peers: readonly AnnouncingPeer[], rate: number): Promise<void> {
  await announceSteadily(peers, Math.max(rate, GATHER_RATE), peers.length);
  await pause(QUIET_MS);
}

/** Lets `count` announces go at `rate` a second, by one peer after the other. */
async function announceSteadily(
  peers: readonly AnnouncingPeer[],
  rate: number,
  count: number,
): Promise<void> {
  const start = performance.now();
  for (let sent = 0; sent < count;) {
    const due = Math.min(count, Math.ceil(((performance.now() - start) * rate) / 1000));
    for (; sent < due; sent++) peers[sent % peers.length]?.announce();
    await pause(TICK_MS);
  }
}
