import type { Figures, ViewerRecord } from './run-record.ts';
import { largest, sum } from '../support/percentile.ts';

type TruthFigures = Pick<
  Figures,
  'comparedSegments' | 'corruptBytes' | 'corruptForwarded' | 'falsePieces' | 'falsePiecesMax'
>;

const UNKNOWN: TruthFigures = {
  comparedSegments: undefined,
  corruptBytes: undefined,
  corruptForwarded: undefined,
  falsePieces: undefined,
  falsePiecesMax: undefined,
};

/** What reached honest players in a swarm with polluters, against what the origin serves. */
export function truthFigures(
  records: readonly ViewerRecord[],
  hashes: ReadonlyMap<string, string>,
): TruthFigures {
  const polluters = new Map<string, string>();
  for (const { spec, reading } of records)
    if (spec.pollutes !== undefined)
      for (const id of reading.inside?.ids ?? []) polluters.set(id, spec.tag);
  if (polluters.size === 0) return UNKNOWN;
  const honest = records.filter(({ spec }) => spec.pollutes === undefined);
  const compared = honest.flatMap(({ reading }) =>
    (reading.inside?.hashes ?? []).flatMap((own) => {
      const genuine = hashes.get(own.path);
      return genuine === undefined ? [] : { bytes: own.bytes, corrupt: genuine !== own.sha256 };
    }),
  );
  const landed = honest.map(({ reading }) => countBy(reading.inside?.corrupt ?? [], polluters));
  const all = landed.flatMap((counts) => [...counts]);
  const landings = all.filter(([from]) => from !== undefined).map(([, count]) => count);
  return {
    comparedSegments: compared.length,
    corruptBytes: sum(compared.filter(({ corrupt }) => corrupt).map(({ bytes }) => bytes)),
    corruptForwarded: sum(all.filter(([from]) => from === undefined).map(([, count]) => count)),
    falsePieces: sum(landings),
    falsePiecesMax: largest(landings) ?? 0,
  };
}

/** How many of `ids` belong to each polluter; undefined stands for everybody else. */
function countBy(
  ids: readonly string[],
  polluters: ReadonlyMap<string, string>,
): ReadonlyMap<string | undefined, number> {
  const counts = new Map<string | undefined, number>();
  for (const id of ids) {
    const tag = polluters.get(id);
    counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return counts;
}
