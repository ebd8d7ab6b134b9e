import { type Report } from './findings.ts';
import { runFfmpeg } from './media-tools.ts';
import { type LintedSegment, type SegmentParts } from './media-playlist.ts';
import { probe, type ProbedPacket, type ProbedStream } from './probe.ts';

/** A segment and its bytes. */
export type KeptSegment = {
  readonly segment: LintedSegment;
  readonly bytes: Uint8Array;
  /** Whether a playlist that listed it claimed that all segments can be decoded alone. */
  readonly independent: boolean;
  /** Its parts, where they were listed, and how many bytes each has. */
  readonly parts?: { readonly listed: SegmentParts['parts']; readonly sizes: readonly number[] };
};

/** Segments of one epoch of one rendition that follow one another, and their initialisation section. */
export type Run = {
  readonly init: Uint8Array;
  readonly segments: readonly KeptSegment[];
  /** Whether it is sound that is cut where the picture beside it is, to a frame. */
  readonly besidePicture?: boolean;
};

/** What was seen in a run. */
export type RunFacts = {
  readonly streams: readonly ProbedStream[];
  /** Frames per second; undefined without a picture, or with too little of it. */
  readonly frameRate: number | undefined;
  /** When the leading stream of each segment is shown first, by media sequence number. Seconds. */
  readonly shownFrom: ReadonlyMap<number, number>;
};

/** EXTINF and media: whole milliseconds, rounded. */
const TIME_SLACK_S = 0.0016;
/** Programme dates are rounded once more. */
const DATE_SLACK_S = 0.003;
/** By how much pictures out of order, or sound before them, may be late. */
const MOST_LATE_S = 0.15;
/** A frame of sound of 44.1 kHz, in which the end of a picture may lie. */
export const SOUND_APART_S = 0.0233;
/** As long as a frame of which nothing is known may last. */
const FRAME_S = 0.05;
/** Samples in a frame of AAC. */
const AAC_FRAME = 1_024;
/** Timestamps of FLV are whole milliseconds. */
const MS_S = 0.0011;
/** Frames that it takes to tell their rate. */
const FRAMES_FOR_RATE = 25;
/** nal_unit_type of a slice of an IDR picture (ISO/IEC 14496-10, table 7-1). */
const IDR = 5;

/**
 * Decodes a run with ffmpeg and looks at its packets with ffprobe; reports what is wrong with it or does not agree with its
 * playlist. Undefined where there is no ffprobe.
 */
export async function checkRun(run: Run, report: Report): Promise<RunFacts | undefined> {
  const file = Buffer.concat([run.init, ...run.segments.map(({ bytes }) => bytes)]);
  const null_ = ['-v', 'error', '-i', 'pipe:0', '-f', 'null', '-'];
  const [decoded, probed] = await Promise.all([runFfmpeg(file, null_), probe(file)]);
  const first = run.segments[0]?.segment.uri ?? '';
  if (decoded.said !== '') report(`${first} and what follows: ffmpeg says ${cut(decoded.said)}`);
  if (probed === undefined) return undefined;
  if (probed.said !== '') report(`${first} and what follows: ffprobe says ${cut(probed.said)}`);
  const { streams, packets } = probed;
  const lead = streams.find(({ kind }) => kind === 'video') ?? streams[0];
  if (lead === undefined) {
    report(`${first} and what follows: ffprobe sees no streams`);
    return undefined;
  }
  const placed = place(run, packets);
  const leading = placed.map((of) => of.filter(({ stream }) => stream === lead.index));
  for (const stream of streams)
    checkDecodeTimes(
      stream,
      placed.map((of) => of.filter((packet) => packet.stream === stream.index)),
      { run, report },
    );
  checkTimes(run, leading, report);
  if (lead.kind === 'video') {
    checkKeys(run, leading, { file, report, codec: lead.codec });
    checkParts(run, leading, { file, report, codec: lead.codec });
  }
  return {
    streams,
    frameRate: lead.kind === 'video' ? rateOf(leading.flat()) : undefined,
    shownFrom: new Map(
      run.segments.map(({ segment }, i) => [
        segment.msn,
        Math.min(...(leading[i] ?? []).map(({ pts }) => pts)),
      ]),
    ),
  };
}

/** The packets of each segment, by where in the file they are. */
function place(run: Run, packets: readonly ProbedPacket[]): readonly ProbedPacket[][] {
  const placed: ProbedPacket[][] = [];
  let from = run.init.length;
  const sorted = [...packets].sort((a, b) => a.at - b.at);
  let next = 0;
  for (const { bytes } of run.segments) {
    const to = from + bytes.length;
    const own: ProbedPacket[] = [];
    for (let packet = sorted[next]; packet !== undefined && packet.at < to; packet = sorted[next]) {
      own.push(packet);
      next += 1;
    }
    placed.push(own.sort((a, b) => a.dts - b.dts));
    from = to;
  }
  return placed;
}

/** Decode times go up, and on over the borders of segments without a gap or overlap of more than a frame. */
function checkDecodeTimes(
  stream: ProbedStream,
  placed: readonly (readonly ProbedPacket[])[],
  { run, report }: { readonly run: Run; readonly report: Report },
): void {
  let last: ProbedPacket | undefined;
  const durations = placed.flat().map(({ duration }) => duration);
  const median = [...durations].sort((a, b) => a - b)[Math.floor(durations.length / 2)] ?? 0;
  const frame = stream.kind === 'audio' ? AAC_FRAME / stream.sampleRate : median;
  for (const [i, packets] of placed.entries()) {
    const uri = run.segments[i]?.segment.uri ?? '';
    for (const [k, packet] of packets.entries()) {
      if (last !== undefined && packet.dts <= last.dts)
        report(`${uri}: decode time of ${stream.kind} goes from ${last.dts} to ${packet.dts}`);
      const gap = last === undefined ? 0 : packet.dts - last.dts - last.duration;
      if (k === 0 && Math.abs(gap) > frame + MS_S)
        report(
          `${uri}: ${stream.kind} begins ${(gap * 1000).toFixed(1)} ms after the segment before`,
        );
      last = packet;
    }
  }
}

/**
 * EXTINF is how long the media last, and programme dates go on as they do: as decoded, or as shown, which differ where segments
 * begin among pictures out of order. The first picture of an encoder is shown from the beginning, however late it came.
 */
function checkTimes(run: Run, leading: readonly (readonly ProbedPacket[])[], report: Report): void {
  const apart = run.besidePicture === true ? SOUND_APART_S : 0;
  const times = leading.map((packets) => {
    const last = packets.at(-1);
    return {
      dts: packets[0]?.dts ?? NaN,
      pts: Math.min(...packets.map(({ pts }) => pts)),
      // How long the very last one lasts nobody tells but the file: ffprobe has durations of packets from the stream.
      end: (last?.dts ?? NaN) + (last?.duration ?? NaN),
      frame: Math.max(last?.duration ?? 0, FRAME_S),
    };
  });
  const stretched = (times[0]?.dts ?? 0) < MS_S;
  const base = stretched && times.length > 1 ? 1 : 0;
  for (const [i, { segment }] of run.segments.entries()) {
    const [own, next, from] = [times[i], times[i + 1], times[base]];
    if (own === undefined || Number.isNaN(own.dts)) {
      report(`${segment.uri}: has nothing of the leading track`);
      continue;
    }
    const lasts =
      next === undefined ? [own.end - own.dts] : [next.dts - own.dts, next.pts - own.pts];
    const late = i === 0 && stretched ? MOST_LATE_S : 0;
    const off = lasts.map((length) => length - segment.duration);
    const slack = TIME_SLACK_S + apart + (next === undefined ? own.frame : 0);
    if (!off.some((by) => by >= -slack && by <= slack + late))
      report(`${segment.uri}: EXTINF is ${segment.duration}, its media last ${seconds(lasts)}`);
    if (from === undefined || i <= base) continue;
    const date =
      (segment.programDateTime - (run.segments[base]?.segment.programDateTime ?? 0)) / 1000;
    const passed = [own.dts - from.dts, own.pts - from.pts];
    if (!passed.some((time) => Math.abs(time - date) <= DATE_SLACK_S + apart))
      report(`${segment.uri}: is dated ${date} s after another, its media ${seconds(passed)} s`);
  }
}

function seconds(times: readonly number[]): string {
  return times.map((time) => time.toFixed(4)).join(' or ');
}

type KeyCheck = { readonly file: Uint8Array; readonly report: Report; readonly codec: string };

/** Whether a packet is a picture with which decoding can begin. */
function begins(file: Uint8Array, packet: ProbedPacket, codec: string): boolean {
  // Of other codecs ffprobe itself looks at the picture.
  return packet.key && (codec !== 'h264' || hasIdr(file, packet));
}

function checkKeys(
  run: Run,
  leading: readonly (readonly ProbedPacket[])[],
  { file, report, codec }: KeyCheck,
): void {
  for (const [i, { segment, independent }] of run.segments.entries()) {
    const first = leading[i]?.[0];
    if (!independent || first === undefined) continue;
    if (!begins(file, first, codec))
      report(
        `${segment.uri}: does not begin with an IDR picture, as EXT-X-INDEPENDENT-SEGMENTS says`,
      );
  }
}

/** INDEPENDENT=YES stands exactly at the parts that begin with a key frame (section 4.4.4.9 of the draft). */
function checkParts(
  run: Run,
  leading: readonly (readonly ProbedPacket[])[],
  { file, report, codec }: KeyCheck,
): void {
  let from = run.init.length;
  for (const [i, { bytes, parts }] of run.segments.entries()) {
    let at = from;
    from += bytes.length;
    for (const [k, { uri, independent }] of (parts?.listed ?? []).entries()) {
      const to = at + (parts?.sizes[k] ?? 0);
      const first = leading[i]?.find((packet) => packet.at >= at && packet.at < to);
      at = to;
      const starts = first !== undefined && begins(file, first, codec);
      if (starts !== independent)
        report(
          `${uri}: INDEPENDENT is ${independent ? 'YES' : 'not there'}, its key frame ${starts ? 'is' : 'not'}`,
        );
    }
  }
}

/** Whether a sample of length-prefixed NAL units has one of an IDR picture. */
function hasIdr(file: Uint8Array, { at, size }: ProbedPacket): boolean {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  for (let unit = at; unit + 4 < at + size; unit += 4 + view.getUint32(unit))
    if (((file[unit + 4] ?? 0) & 31) === IDR) return true;
  return false;
}

/** The first frame of a stream may be stretched, so that it is left out. */
function rateOf(packets: readonly ProbedPacket[]): number | undefined {
  const [, second] = packets;
  const last = packets.at(-1);
  if (second === undefined || last === undefined || packets.length < FRAMES_FOR_RATE)
    return undefined;
  return (packets.length - 2) / (last.dts - second.dts);
}

function cut(said: string): string {
  return said.trim().split('\n').slice(0, 3).join('; ');
}
