import { type ProductKind, productFile } from '@shoal/protocol';
import {
  firstKeyFrame,
  keyFramesToPictures,
  keyFrameToPoster,
  ORIGIN_LIMITS,
  pictureBytes,
  picturesToSheet,
  planStoryboard,
  type Product,
  productPath,
  renderStoryboard,
  type Sample,
  sheetsFor,
  splicedKey,
  spriteSize,
  type SpriteSize,
  stillFragment,
  type VodSegment,
} from '../../core/index.ts';
import { type JobWork } from './job-work.ts';
import { runFfmpeg } from './run-ffmpeg.ts';
import { type Run } from './vod-source.ts';

/** The poster is of this part of a broadcast: the first pictures of one are often black. */
const POSTER_AT = 0.1;
/** How much of the work it is to make the small pictures. */
const PICTURES = 0.9;

/**
 * Makes poster, sprites and index of a broadcast from its key frames; the index last, which says that the others are there. What the
 * store has already is not made again. Nothing where there is no picture.
 */
export async function makeStoryboard(work: JobWork): Promise<readonly Product[]> {
  const { media, broadcast } = work;
  const plan = planStoryboard(media);
  const [first] = plan?.pictures ?? [];
  if (plan === undefined || first?.picture === undefined) return [];
  const size = spriteSize(first.picture);
  const sheets = sheetsFor(plan.pictures.length);
  const names = sheets.map((_, i): Name => ({ kind: 'sprites', number: i + 1 }));
  const files: readonly Name[] = [...names, POSTER, INDEX];
  let sizes = await Promise.all(files.map((name) => sizeOf(work, name)));
  if (sizes.includes(undefined)) {
    const pictures = await picturesOf(work, plan.pictures, size);
    let at = 0;
    for (const [i, sheet] of sheets.entries()) {
      const bytes = pictures.subarray(at, at + sheet.count * pictureBytes(size));
      const args = picturesToSheet(size, sheet);
      const name: Name = { kind: 'sprites', number: i + 1 };
      await keep(work, name, () => jpegOf(work, args, [bytes]));
      at += bytes.length;
    }
    const shown = plan.pictures[Math.floor(plan.pictures.length * POSTER_AT)] ?? first;
    await keep(work, POSTER, () => posterOf(work, shown));
    const index = renderStoryboard(plan, size, (sheet) => productFile(broadcast, 'sprites', sheet));
    await keep(work, INDEX, () => Promise.resolve(Buffer.from(index)));
    sizes = await Promise.all(files.map((name) => sizeOf(work, name)));
  }
  const { durationMs } = media;
  return files.map((name, i) => ({ ...name, size: sizes[i] ?? 0, beginMs: 0, durationMs }));
}

type Name = { readonly kind: ProductKind; readonly number: number };
const POSTER: Name = { kind: 'poster', number: 1 };
const INDEX: Name = { kind: 'storyboard', number: 1 };

async function sizeOf(
  { channel, broadcast, store }: JobWork,
  name: Name,
): Promise<number | undefined> {
  return (await store.open(productPath(channel, broadcast, name)))?.size;
}

async function keep(work: JobWork, name: Name, make: () => Promise<Uint8Array>): Promise<void> {
  if ((await sizeOf(work, name)) !== undefined) return;
  const bytes = await make();
  work.signal.throwIfAborted();
  await work.store.put(productPath(work.channel, work.broadcast, name), bytes);
}

/** All the small pictures, one after the other. What ffmpeg cannot decode is shown as the picture before it. */
async function picturesOf(
  work: JobWork,
  segments: readonly VodSegment[],
  size: SpriteSize,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(segments.length * pictureBytes(size));
  let at = 0;
  for (const run of await work.source.runs(segments, 'picture')) {
    const wanted = run.segments.length * pictureBytes(size);
    const begun = at;
    const input = keyFrames(work, run, (number) => {
      const share = (begun + number * pictureBytes(size)) / bytes.length;
      work.onProgress(PICTURES * share);
    });
    const maxOutputBytes = wanted + 2 * pictureBytes(size);
    const args = keyFramesToPictures(size);
    const { ffmpegPath: path, signal } = work;
    const made = await runFfmpeg({ path, args, input, signal, maxOutputBytes });
    if (made.length < pictureBytes(size)) throw new Error('no key frame could be decoded');
    bytes.set(made.subarray(0, wanted), at);
    const last = made.subarray(made.length - pictureBytes(size));
    for (let have = made.length; have < wanted; have += last.length) bytes.set(last, at + have);
    at += wanted;
  }
  return bytes;
}

/** The first key frame of each segment, a second apart, with what decodes them. */
async function* keyFrames(
  { source }: JobWork,
  { init, initBytes, segments }: Run,
  onFrame: (number: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const video = init.tracks.find(({ kind }) => kind === 'video');
  if (video === undefined) return;
  yield initBytes;
  let last: Sample | undefined;
  for (const [number, segment] of segments.entries()) {
    const key = firstKeyFrame(await source.segment(segment), video);
    if (!key.ok) throw new Error(`segment ${segment.msn} cannot be read: ${key.error}`);
    const spliced = key.value && splicedKey(init, key.value);
    if (spliced !== undefined) yield stillFragment(spliced, video, number);
    last = spliced ?? last;
    onFrame(number);
  }
  // The filter that keeps their times leaves out the last one (ffmpeg 5.1).
  if (last !== undefined) yield stillFragment(last, video, segments.length);
}

async function posterOf(work: JobWork, segment: VodSegment): Promise<Uint8Array> {
  const [run] = await work.source.runs([segment], 'picture');
  if (run === undefined) throw new Error('the segment of the poster is missing');
  return jpegOf(
    work,
    keyFrameToPoster(),
    keyFrames(work, run, () => undefined),
  );
}

async function jpegOf(
  { ffmpegPath: path, signal }: JobWork,
  args: readonly string[],
  input: AsyncIterable<Uint8Array> | readonly Uint8Array[],
): Promise<Uint8Array> {
  const maxOutputBytes = ORIGIN_LIMITS.jpegBytes;
  const jpeg = await runFfmpeg({ path, args, input: each(input), signal, maxOutputBytes });
  if (jpeg.length === 0) throw new Error('ffmpeg made no picture');
  return jpeg;
}

async function* each(
  chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[],
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) yield chunk;
}
