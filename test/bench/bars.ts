import type { EngineId } from './engine-ids.ts';
import type { Figures } from './run-record.ts';

/** Medians over the valid runs of one engine; undefined where no run has the figure. */
export type Medians = { readonly [Key in keyof Figures]: number | undefined };

/** What a scene comes to, by engine. */
type Outcome = (engine: EngineId) => Medians | undefined;

/** Something that must hold for the `shoal` engine in a scene. */
export type Bar = {
  readonly name: string;
  /** In words. */
  readonly limit: string;
  readonly digits: number;
  /** The figure in the unit of the name, and whether it is good enough; undefined where it was not measured. */
  readonly judge: (outcome: Outcome) => Verdict | undefined;
};

/** A figure against its bar. */
type Verdict = { readonly value: number; readonly met: boolean };

type Limit = {
  readonly key: keyof Figures;
  readonly limit: number;
  /** What to divide the figure by. Default 1. */
  readonly per?: number;
  readonly digits?: number;
};

/** The figure is not above the limit. */
export function atMost(name: string, limit: Limit): Bar {
  return bar(name, limit, { sign: '≤', met: (value) => value <= limit.limit });
}

/** The figure is not below the limit. */
export function atLeast(name: string, limit: Limit): Bar {
  return bar(name, limit, { sign: '≥', met: (value) => value >= limit.limit });
}

/** The offload is not below this share of what the uplinks could carry. */
export function nearCeiling(share: number): Bar {
  return {
    name: 'offload over its arithmetic ceiling',
    limit: `≥ ${share}`,
    digits: 2,
    judge: (outcome) => {
      const { offloadPercent, offloadCeilingPercent } = outcome('shoal') ?? {};
      if (offloadPercent === undefined || offloadCeilingPercent === undefined) return undefined;
      const value = offloadPercent / offloadCeilingPercent;
      return { value, met: value >= share };
    },
  };
}

/** A viewer takes at most so many per cent of a core more than a plain one of the same command. */
export function cpuAbovePlain(points: number): Bar {
  return {
    name: 'CPU a viewer above plain hls.js, points of a core',
    limit: `≤ ${points}`,
    digits: 1,
    judge: (outcome) => {
      const own = outcome('shoal')?.cpuPercentPerViewer;
      const plain = outcome('plain')?.cpuPercentPerViewer;
      if (own === undefined || plain === undefined) return undefined;
      return { value: own - plain, met: own - plain <= points };
    },
  };
}

function bar(
  name: string,
  { key, limit, per = 1, digits = 0 }: Limit,
  { sign, met }: { readonly sign: string; readonly met: (value: number) => boolean },
): Bar {
  return {
    name,
    limit: `${sign} ${limit}`,
    digits,
    judge: (outcome) => {
      const figure = outcome('shoal')?.[key];
      return figure === undefined ? undefined : { value: figure / per, met: met(figure / per) };
    },
  };
}
