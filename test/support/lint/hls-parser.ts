import * as HLS from 'hls-parser';
import { flatten, type Reading } from './reading.ts';

/** What it has against playlists that nothing is wrong with. */
const KNOWN_COMPLAINTS: readonly RegExp[] = [
  // It counts segments, the unfinished one too, where the draft counts target durations (section 4.4.4.9); we check that ourselves.
  /Remove EXT-X-PART tags/,
  // It takes the preload hint for the last part of an unfinished segment, and so the last one listed for one in between.
  /at least 85% of PART-TARGET/,
];

/** The reading of hls-parser, and what it objects to. */
export function askHlsParser(text: string): {
  readonly reading: Reading;
  readonly complaints: readonly string[];
} {
  const complaints: string[] = [];
  try {
    HLS.setOptions({ strictMode: true, silent: true });
    return { reading: read(HLS.parse(text)), complaints };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!KNOWN_COMPLAINTS.some((known) => known.test(message))) complaints.push(message);
    HLS.setOptions({ strictMode: false, silent: true });
    return { reading: read(HLS.parse(text)), complaints };
  }
}

function read(playlist: HLS.types.MasterPlaylist | HLS.types.MediaPlaylist): Reading {
  return playlist.isMasterPlaylist ? multivariant(playlist) : media(playlist);
}

function media(playlist: HLS.types.MediaPlaylist): Reading {
  const parts = (segment: HLS.types.Segment | undefined) =>
    (segment?.parts ?? [])
      .filter(({ hint }) => !hint)
      .map(({ uri, duration, independent }) => ({
        uri,
        duration,
        independent: independent ?? false,
      }));
  // An unfinished segment has no URI. It says of which run it is wrongly: its parse.js mixes up two
  // arguments, so that this is not asked.
  const finished = playlist.segments.filter(({ uri }) => uri !== '');
  const open = playlist.segments.find(({ uri }) => uri === '');
  const control = playlist.lowLatencyCompatibility;
  return flatten({
    targetDuration: playlist.targetDuration,
    mediaSequence: playlist.mediaSequenceBase,
    discontinuitySequence: playlist.discontinuitySequenceBase,
    independent: playlist.independentSegments,
    ended: playlist.endlist,
    type: playlist.playlistType,
    skipped: playlist.skip || undefined,
    count: finished.length,
    segments: finished.map((segment) => ({
      uri: segment.uri,
      duration: segment.duration,
      programDateTime: segment.programDateTime?.getTime(),
      // Its types do not say that there may be none.
      map: (segment.map as typeof segment.map | null)?.uri,
      discontinuity: segment.discontinuitySequence,
      gap: segment.gap === true || undefined,
      parts: parts(segment),
    })),
    open: parts(open),
    partTarget: playlist.partTargetDuration,
    canBlockReload: control?.canBlockReload === true || undefined,
    canSkipUntil: control?.canSkipUntil,
    holdBack: control?.holdBack,
    partHoldBack: control?.partHoldBack,
    hint: open?.parts.find(({ hint }) => hint)?.uri,
    reports: playlist.renditionReports.map(({ uri, lastMSN, lastPart }) => ({
      uri,
      lastMsn: lastMSN,
      lastPart,
    })),
  });
}

function multivariant(playlist: HLS.types.MasterPlaylist): Reading {
  return flatten({
    independent: playlist.independentSegments,
    count: playlist.variants.length,
    variants: playlist.variants.map((variant) => ({
      uri: variant.uri,
      bandwidth: variant.bandwidth,
      averageBandwidth: variant.averageBandwidth,
      codecs: variant.codecs,
      width: variant.resolution?.width,
      height: variant.resolution?.height,
      frameRate: variant.frameRate,
      audio: variant.audio[0]?.groupId,
    })),
    // It lists a group with each of the variants that have it.
    sounds: (playlist.variants[0]?.audio ?? []).map((sound) => ({
      ...{ group: sound.groupId, name: sound.name, uri: sound.uri },
      ...{ isDefault: sound.isDefault, autoselect: sound.autoselect },
    })),
  });
}
