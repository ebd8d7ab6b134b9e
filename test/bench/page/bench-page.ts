// First: it must see every connection.
import { countChannelBytes } from './connection-meter.ts';
import Hls from 'hls.js';
import { isEngineId } from '../engine-ids.ts';
import { loadEngine, type StartedEngine } from './engines.ts';
import { watchPlayhead } from './playhead-watch.ts';
import type { LoadedSegment, Sample } from './reading.ts';

const SAMPLE_MS = 1_000;
/** What hls.js gave up on is tried again after this. */
const RETRY_MS = 1_000;
/** A page of a bench lives for minutes: room for hours, and an end. */
const MAX_NOTES = 20_000;

const query = new URLSearchParams(location.search);
const engineId = query.get('engine') ?? '';
const tracker = query.get('tracker') ?? '';
const source = query.get('source') ?? '';
/** As the demo's watch page has it, for all engines alike. */
const catchUp = query.get('catchUp') === 'yes' ? { maxLiveSyncPlaybackRate: 1.1 } : {};
if (!isEngineId(engineId)) throw new Error(`unknown engine ${engineId}`);
const video = document.querySelector('video');
if (video === null) throw new Error('no video');

const loaded = await loadEngine(engineId, tracker);
const readStalls = watchPlayhead(video);
const samples: Sample[] = [];
const segments: LoadedSegment[] = [];
const fatal: string[] = [];
let engine: StartedEngine | undefined;
let player: Hls | undefined;
let startupMs: number | undefined;

function note<T>(list: T[], value: T): void {
  if (list.length < MAX_NOTES) list.push(value);
}

function watchSegments(hls: Hls): void {
  const asked = new Map<string, number>();
  hls.on(Hls.Events.FRAG_LOADING, (_, { frag }) => {
    if (frag.sn !== 'initSegment') asked.set(frag.url, performance.now());
  });
  hls.on(Hls.Events.FRAG_LOADED, (_, { frag, payload }) => {
    const from = asked.get(frag.url);
    asked.delete(frag.url);
    if (from === undefined) return;
    const waitedMs = performance.now() - from;
    const path = new URL(frag.url).pathname;
    note(segments, { path, bytes: payload.byteLength, at: Date.now(), waitedMs });
  });
}

function surviveErrors(hls: Hls): void {
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    note(fatal, data.details);
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
    else
      setTimeout(() => {
        hls.startLoad();
      }, RETRY_MS);
  });
}

async function join(element: HTMLVideoElement): Promise<void> {
  const joinedAt = performance.now();
  element.requestVideoFrameCallback(() => (startupMs = performance.now() - joinedAt));
  engine = await loaded.start();
  const hls = new Hls({ ...catchUp, ...engine.hlsConfig });
  player = hls;
  engine.attach(hls);
  watchSegments(hls);
  surviveErrors(hls);
  hls.loadSource(source);
  hls.attachMedia(element);
  await element.play();
}

function sample(): void {
  const bytes = countChannelBytes();
  const date = startupMs === undefined ? undefined : player?.playingDate?.getTime();
  const at = Date.now();
  note(samples, { at, latencyMs: date === undefined ? undefined : at - date, ...bytes });
}

setInterval(sample, SAMPLE_MS);
globalThis.bench = {
  join: () => void join(video),
  read: () => ({
    startupMs,
    samples,
    segments,
    stalls: readStalls(),
    engine: engine?.bytes() ?? { http: 0, p2p: 0, wasted: 0 },
    fatal,
  }),
};
