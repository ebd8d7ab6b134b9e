import { type Attributes, type Manifest, Parser, type Segment } from 'm3u8-parser';
import { flatten, type Reading } from './reading.ts';

/** The reading of m3u8-parser, and what it warns of. */
export function askM3u8Parser(text: string): {
  readonly reading: Reading;
  readonly complaints: readonly string[];
} {
  const complaints: string[] = [];
  const parser = new Parser();
  const complain = ({ message }: { readonly message: string }): void =>
    void complaints.push(message);
  parser.on('warn', complain);
  parser.on('error', complain);
  parser.push(text);
  parser.end();
  const { manifest } = parser;
  return {
    reading: manifest.playlists === undefined ? media(manifest, text) : multivariant(manifest),
    complaints,
  };
}

function media(manifest: Manifest, text: string): Reading {
  const control = manifest.serverControl;
  // It fills in hold backs that are not there with the least that they may be.
  const said = (name: string, value: unknown): number | undefined =>
    new RegExp(`[:,]${name}=`).test(text) ? Number(value) : undefined;
  return flatten({
    targetDuration: manifest.targetDuration,
    mediaSequence: manifest.mediaSequence,
    discontinuitySequence: manifest.discontinuitySequence,
    independent: manifest.independentSegments ?? false,
    ended: manifest.endList ?? false,
    type: manifest.playlistType,
    skipped: number(manifest.skip?.['skippedSegments']),
    count: manifest.segments.length,
    segments: manifest.segments.map((segment) => ({
      uri: segment.uri,
      duration: segment.duration,
      programDateTime: segment.dateTimeObject?.getTime(),
      map: segment.map?.uri,
      discontinuity: segment.timeline,
      parts: parts(segment),
    })),
    open: parts(manifest.preloadSegment),
    partTarget: manifest.partTargetDuration,
    canBlockReload: control?.['canBlockReload'] === true || undefined,
    canSkipUntil: said('CAN-SKIP-UNTIL', control?.['canSkipUntil']),
    holdBack: said('HOLD-BACK', control?.['holdBack']),
    partHoldBack: said('PART-HOLD-BACK', control?.['partHoldBack']),
    hint: hint(manifest.preloadSegment),
    reports: (manifest.renditionReports ?? []).map((report) => ({
      uri: string(report['uri']),
      lastMsn: number(report['lastMsn']),
      lastPart: number(report['lastPart']),
    })),
  });
}

function parts(segment: Segment | undefined) {
  return (segment?.parts ?? []).map((part: Attributes) => ({
    uri: string(part['uri']),
    duration: number(part['duration']),
    independent: part['independent'] === true,
  }));
}

function hint(segment: Segment | undefined): string | undefined {
  const hints = (segment?.preloadHints ?? []) as readonly Attributes[]; // its types say only `object`
  return string(hints.find((one) => one['type'] === 'PART')?.['uri']);
}

function multivariant(manifest: Manifest): Reading {
  const playlists = manifest.playlists ?? [];
  return flatten({
    independent: manifest.independentSegments ?? false,
    count: playlists.length,
    variants: playlists.map(({ uri, attributes }) => ({
      uri,
      bandwidth: number(attributes.BANDWIDTH),
      averageBandwidth: number(attributes['AVERAGE-BANDWIDTH']),
      codecs: attributes.CODECS,
      width: attributes.RESOLUTION?.width,
      height: attributes.RESOLUTION?.height,
      frameRate: number(attributes['FRAME-RATE']),
      audio: string(attributes.AUDIO),
    })),
    sounds: sounds(manifest),
  });
}

/** Its types know the groups by an index alone. */
function groupsOf(groups: Manifest['mediaGroups'], type: string) {
  return groups?.[type] ?? {};
}

function sounds(manifest: Manifest) {
  const groups = Object.entries(groupsOf(manifest.mediaGroups, 'AUDIO'));
  return groups.flatMap(([group, named]) =>
    Object.entries(named).map(([name, sound]) => ({
      ...{ group, name, uri: string(sound.uri) },
      ...{ isDefault: sound.default, autoselect: sound.autoselect },
    })),
  );
}

/** It gives numbers of some attributes as text. */
function number(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
