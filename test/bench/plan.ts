import type { EngineId } from './engine-ids.ts';

/** What viewers are: pages in Chromium with hls.js, or Node peers without a picture. */
type Tier = 'chromium' | 'node';

/** What happens in a run: who watches, over what, and what befalls them. */
export type Plan = {
  /** Name of the scene. */
  readonly scene: string;
  readonly tier: Tier;
  readonly viewers: number;
  readonly engines: readonly EngineId[];
  /** Engines that stay beside `shoal` however few are asked for: a bar compares with them. */
  readonly beside: readonly EngineId[];
  /** Length of the measured window. */
  readonly seconds: number;
  /** Between two joins; 0 for all at once. */
  readonly joinEveryMs: number;
  /** How long a viewer stays, in seconds, before another takes its place; undefined for ever. */
  readonly churnSeconds: number | undefined;
  /** Cap of the viewers' uplinks in kbit/s, on average; undefined for none. */
  readonly uplinkKbps: number | undefined;
  /** How the uplinks differ, viewer by viewer. */
  readonly uplinkWeights: readonly number[];
  /** Viewers that upload nothing. */
  readonly leechPercent: number;
  /** Viewers killed at once, in the middle of a segment early in the window. */
  readonly killedPercent: number;
  /** Viewers that feed others false bytes. */
  readonly polluterPercent: number;
  /** What the origin can send in all, in kbit/s; undefined for what the machine can. */
  readonly originKbps: number | undefined;
  /** Players that are behind go faster. */
  readonly catchUp: boolean;
  /** Every other viewer is a plain one. */
  readonly interleavePlain: boolean;
  /** Processes that hold the viewers of the Node tier. */
  readonly processes: number;
};

/** How a polluter falsifies: one bit of each piece turned, or the bytes of another, valid video with its own digests. */
export type Pollution = 'bits' | 'foreign';

/** One viewer of a run, as the plan has it. */
export type ViewerSpec = {
  /** Its User-Agent at the origin. */
  readonly tag: string;
  readonly engine: EngineId;
  /** Cap of its uplink in kbit/s. */
  readonly uplinkKbps: number | undefined;
  readonly uploads: boolean;
  readonly pollutes: Pollution | undefined;
  /** Will be killed. */
  readonly doomed: boolean;
};

/** The viewer that comes as number `index`, counted from 0. */
export function viewerSpec(plan: Plan, engine: EngineId, index: number): ViewerSpec {
  const { uplinkKbps, uplinkWeights: weights, polluterPercent } = plan;
  const weight = weights[index % weights.length] ?? 1;
  const mean = weights.reduce((sum, each) => sum + each, 0) / weights.length;
  const pollutes = isChosen(index, polluterPercent);
  return {
    tag: `shoal-bench/${index}`,
    engine: plan.interleavePlain && index % 2 === 0 ? 'plain' : engine,
    uplinkKbps: uplinkKbps === undefined ? undefined : (uplinkKbps * weight) / mean,
    uploads: !isChosen(index, plan.leechPercent),
    pollutes: pollutes
      ? chosenBefore(index, polluterPercent) % 2 === 0
        ? 'bits'
        : 'foreign'
      : undefined,
    doomed: index < plan.viewers && isChosen(index, plan.killedPercent),
  };
}

/** How long one run of one engine takes, in seconds, on a machine with nothing else to do. */
export function secondsOfRun(plan: Plan): number {
  const { tier, viewers, seconds, joinEveryMs } = plan;
  const opening = tier === 'chromium' ? 2 + 0.35 * viewers : 1 + 0.5 * plan.processes;
  return opening + (joinEveryMs / 1000) * viewers + SETTLE_MS / 1000 + seconds + TAIL_SECONDS;
}

/** From the last first frame to the window: connections are made, latencies settle. */
export const SETTLE_MS = 10_000;
/** Until the last segment of the window has reached everybody. */
const TAIL_SECONDS = 4;

/** Spreads `percent` of all viewers evenly over the joins. */
function isChosen(index: number, percent: number): boolean {
  return chosenBefore(index + 1, percent) > chosenBefore(index, percent);
}

function chosenBefore(index: number, percent: number): number {
  return Math.floor((index * percent) / 100);
}
