import { type LintedPlaylist } from './media-playlist.ts';

/** What a reader makes of a playlist: names of fields, and their values. Fields that a reader does not know are absent. */
export type Reading = ReadonlyMap<string, string | number | boolean | undefined>;

type Value =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Value[]
  | { readonly [name: string]: Value };

/** Every value by its path, as `segments.3.uri`; what is undefined or null counts as absent. */
export function flatten(value: Value): Reading {
  const fields = new Map<string, string | number | boolean>();
  const walk = (path: string, at: Value): void => {
    if (at === undefined || at === null) return;
    if (typeof at === 'object')
      for (const [name, inner] of Object.entries(at))
        walk(path === '' ? name : `${path}.${name}`, inner);
    else fields.set(path, at);
  };
  walk('', value);
  return fields;
}

/** Our own reading of a media playlist, in the terms in which the parsers of others are asked. */
export function ownReading(playlist: LintedPlaylist): Reading {
  const { lowLatency } = playlist;
  const parts = (msn: number) =>
    lowLatency?.parts.find((of) => of.msn === msn)?.parts.map((part) => ({ ...part })) ?? [];
  const end = playlist.mediaSequence + playlist.segments.length;
  return flatten({
    targetDuration: playlist.targetDuration,
    mediaSequence: playlist.mediaSequence,
    discontinuitySequence: playlist.discontinuitySequence,
    independent: playlist.independent,
    ended: playlist.ended,
    type: playlist.type,
    count: playlist.segments.length,
    segments: playlist.segments.map(
      ({ msn, uri, duration, programDateTime, map, discontinuity, gap }) => ({
        ...{ uri, duration, programDateTime, discontinuity, gap },
        ...(map !== '' && { map }),
        parts: parts(msn),
      }),
    ),
    open: parts(end),
    ...(lowLatency !== undefined && {
      partTarget: lowLatency.partTarget,
      canBlockReload: lowLatency.canBlockReload || undefined,
      canSkipUntil: lowLatency.canSkipUntil,
      holdBack: lowLatency.holdBack,
      partHoldBack: lowLatency.partHoldBack,
      hint: lowLatency.hints.find(({ type }) => type === 'PART')?.uri,
      reports: lowLatency.reports.map(({ uri, lastMsn, lastPart }) => ({ uri, lastMsn, lastPart })),
    }),
  });
}
