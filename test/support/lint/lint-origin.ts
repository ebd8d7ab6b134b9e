import { Findings } from './findings.ts';
import { type RunFacts, SOUND_APART_S } from './media-check.ts';
import { MediaShelf } from './media-shelf.ts';
import {
  checkBitrates,
  type LintedMultivariant,
  type LintedVariant,
  readMultivariant,
  type Weight,
} from './multivariant.ts';
import { type LintedPlaylist, PlaylistLinter } from './playlist-linter.ts';
import { checkStreams } from './stream-names.ts';

/** What to watch. */
export type LintOriginOptions = {
  /** Where the origin is now, as `http://127.0.0.1:8080`; undefined while it is down. */
  readonly base: () => string | undefined;
  readonly channel: string;
  /** Which of its playlists, by their name: `index`, `ll`, `dvr`, `1700000000-vod`. Default `index`. */
  readonly playlists?: string;
  /** How to get something. Default: `fetch`. */
  readonly get?: Get;
  /** Default 200. */
  readonly everyMs?: number;
  /** So many segments of a rendition are kept in memory at most; then they are decoded, and let go. Default: no limit. */
  readonly keptSegments?: number;
};

/** What an origin answers to a GET of this URL. */
type Get = (url: string) => Promise<{ readonly status: number; readonly body: Uint8Array }>;

const get: Get = async (url) => {
  const response = await fetch(url);
  return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
};

/** What of a variant is to be checked when its next segments are there. */
type Claim = {
  readonly variant: LintedVariant;
  readonly base: number;
  readonly weights: readonly Weight[];
  /** The rendition that is its sound. */
  readonly sound: Rendition | undefined;
};

/** A rendition, and all that was seen of it. */
class Rendition {
  readonly linter: PlaylistLinter = new PlaylistLinter();
  readonly shelf: MediaShelf;
  last: LintedPlaylist | undefined;
  claim: Claim | undefined;

  /** Whether it is the sound of others. */
  readonly isSound: boolean;

  constructor(shelf: MediaShelf, isSound: boolean) {
    this.shelf = shelf;
    this.isSound = isSound;
  }
}

/** Renditions are shown at the same instants, to the millisecond. */
const SAME_S = 0.005;
/** And their sound with the frame in which that is. */
const SAME_SOUND_S = SAME_S + SOUND_APART_S;
const SOURCE = 'source';

/**
 * A viewer of everything that an origin lists of a channel: it reloads all playlists several times a second, fetches every segment
 * once, and says at the end what was wrong with any of it.
 */
export class LintedOrigin {
  readonly #options: Required<LintOriginOptions>;
  readonly #findings: Findings = new Findings();
  readonly #renditions = new Map<string, Rendition>();
  #multivariant: LintedMultivariant | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;
  #finished: Promise<readonly string[]> | undefined;

  constructor(options: LintOriginOptions) {
    this.#options = { everyMs: 200, keptSegments: Infinity, playlists: 'index', get, ...options };
    this.#arm();
  }

  get #file(): string {
    return `${this.#options.playlists}.m3u8`;
  }

  /** The linter of a rendition's playlist; a scene may show it versions that it saw itself. */
  linter(rendition: string = SOURCE): PlaylistLinter {
    return this.#rendition(rendition).linter;
  }

  /** How much was found so far. */
  get found(): number {
    const own = [...this.#renditions.values()].map(({ linter }) => linter.problems.length);
    return own.reduce((sum, count) => sum + count, this.#findings.list.length);
  }

  /** Segments that were decoded so far. */
  get decoded(): number {
    return [...this.#renditions.values()].reduce((sum, { shelf }) => sum + shelf.decoded, 0);
  }

  /** Stops, looks a last time, decodes everything; all findings, in words. Idempotent. */
  finish(): Promise<readonly string[]> {
    return (this.#finished ??= this.#finish());
  }

  /** Stops looking, at nothing further. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        this.#arm();
      });
    }, this.#options.everyMs);
  }

  async #finish(): Promise<readonly string[]> {
    this.stop();
    await this.#looking;
    await this.#look();
    const facts = new Map<string, readonly RunFacts[]>();
    await Promise.all(
      [...this.#renditions].map(async ([name, { shelf }]) => {
        facts.set(name, await shelf.check());
      }),
    );
    this.#compareRenditions(facts);
    for (const { uri, ...variant } of this.#multivariant?.variants ?? []) {
      const name = nameOf(uri);
      const last = facts.get(name)?.at(-1);
      const report = this.#findings.of(name);
      const sound = this.#soundOf(variant.audio);
      const heard = sound && facts.get(nameOf(sound.uri))?.at(-1)?.streams;
      if (last === undefined) continue;
      const streams = [...last.streams, ...(heard ?? [])];
      checkStreams({ uri, ...variant }, { ...last, streams }, report);
      if (sound !== undefined && heard?.[0]?.channels !== Number(sound.channels))
        report(`CHANNELS is ${sound.channels}, not ${heard?.[0]?.channels}`);
      if (sound !== undefined && last.streams.some(({ kind }) => kind === 'audio'))
        report('has sound, which is a rendition of its own');
    }
    for (const [name, { linter }] of this.#renditions)
      for (const problem of linter.problems) this.#findings.add(`${name}: ${problem}`);
    return this.#findings.list;
  }

  /** Looks at everything once. Where the origin is down, or goes down meanwhile, there is nothing to see. */
  async #look(): Promise<void> {
    const base = this.#options.base();
    if (base === undefined) return;
    try {
      // The sound first, so that it is there when what it belongs to is weighed.
      const all = [...this.#renditions].sort(
        ([, a], [, b]) => Number(b.isSound) - Number(a.isSound),
      );
      for (const [name, rendition] of all) await this.#media(name, rendition);
      const text = await this.#text(this.#file);
      if (text === undefined) return;
      const report = this.#findings.of('multivariant');
      this.#multivariant = readMultivariant(text, report);
      for (const { uri } of this.#multivariant.sounds) {
        const rendition = this.#rendition(nameOf(uri), true);
        if (rendition.last === undefined) await this.#media(nameOf(uri), rendition);
        else this.#checkReports(uri, rendition.last, this.#multivariant);
      }
      for (const variant of this.#multivariant.variants) {
        const rendition = this.#rendition(nameOf(variant.uri));
        const { last, shelf } = rendition;
        if (last === undefined) {
          await this.#media(nameOf(variant.uri), rendition);
          continue;
        }
        this.#checkReports(variant.uri, last, this.#multivariant);
        if (rendition.claim !== undefined) continue;
        if (last.independent && !this.#multivariant.independent)
          report(`${variant.uri} claims independent segments, this does not`);
        const { base: of, weights } = shelf.weights(last);
        const listed = this.#soundOf(variant.audio);
        const sound = listed && this.#rendition(nameOf(listed.uri));
        if (of !== undefined && weights.length > 0)
          rendition.claim = { variant, base: of, weights: together(weights, sound), sound };
      }
    } catch (error) {
      if (this.#options.base() === base) throw error;
    }
  }

  async #media(name: string, rendition: Rendition): Promise<void> {
    const text = await this.#text(`${name}/${this.#file}`);
    if (text === undefined) return;
    const playlist = rendition.linter.observe(text);
    rendition.last = playlist;
    await rendition.shelf.take(playlist);
    if (rendition.shelf.size > this.#options.keptSegments) await rendition.shelf.check();
    const { claim } = rendition;
    rendition.claim = undefined;
    const { base, weights } = rendition.shelf.weights(playlist);
    // In between another broadcast may have begun, whose bitrates are others.
    if (claim !== undefined && claim.base === base)
      checkBitrates(
        claim.variant,
        {
          before: claim.weights,
          after: together(weights, claim.sound),
          targetDurationMs: playlist.targetDuration * 1000,
        },
        this.#findings.of(name),
      );
    if (playlist.lowLatency?.canSkipUntil === undefined) return;
    const again = await this.#text(`${name}/${this.#file}`);
    const delta = await this.#text(`${name}/${this.#file}?_HLS_skip=YES`);
    // Only an update of the very version that was read can be compared.
    if (again === undefined || delta === undefined) return;
    if (again === (await this.#text(`${name}/${this.#file}`))) {
      rendition.linter.observe(again);
      rendition.linter.observeDelta(delta);
    }
  }

  /** Where a playlist has reports of renditions, they are of all the others (draft-pantos-hls-rfc8216bis, section 4.4.5.4). */
  #checkReports(uri: string, { lowLatency }: LintedPlaylist, all: LintedMultivariant): void {
    const root = 'http://origin/';
    const reports = lowLatency?.reports ?? [];
    if (reports.length === 0) return;
    const reported = reports.map((report) => new URL(report.uri, new URL(uri, root)).href).sort();
    const others = [...all.variants, ...all.sounds]
      .map((listed) => listed.uri)
      .filter((other) => other !== uri);
    const expected = others.map((other) => new URL(other, root).href).sort();
    if (reported.join() !== expected.join())
      this.#findings.add(
        `${nameOf(uri)}: reports of ${reported.join()}, not of ${expected.join()}`,
      );
  }

  #compareRenditions(facts: ReadonlyMap<string, readonly RunFacts[]>): void {
    const source = this.#renditions.get(SOURCE);
    if (source === undefined) return;
    const ours = new Map(source.linter.segments.map((segment) => [segment.msn, segment]));
    const shown = new Map((facts.get(SOURCE) ?? []).flatMap((run) => [...run.shownFrom]));
    for (const [name, { linter, isSound }] of this.#renditions) {
      const report = this.#findings.of(name);
      const most = isSound ? SAME_SOUND_S : SAME_S;
      for (const segment of linter.segments) {
        const same = ours.get(segment.msn);
        if (same !== undefined && JSON.stringify(same) !== JSON.stringify(segment))
          report(`ORG-10: ${segment.uri} is listed otherwise than in the source`);
      }
      for (const run of facts.get(name) ?? []) {
        const [first] = run.shownFrom.keys();
        for (const [msn, from] of run.shownFrom) {
          // The very first picture is shown from the beginning, however late it came.
          if (msn === first) continue;
          const apart = from - (shown.get(msn) ?? from);
          if (Math.abs(apart) > most)
            report(
              `ORG-10: segment ${msn} is shown ${(apart * 1000).toFixed(0)} ms after the source`,
            );
        }
      }
    }
  }

  #soundOf(group: string | undefined): LintedMultivariant['sounds'][number] | undefined {
    return this.#multivariant?.sounds.find((sound) => sound.group === group);
  }

  #rendition(name: string, isSound = false): Rendition {
    const known = this.#renditions.get(name);
    if (known !== undefined) return known;
    const fetch = (uri: string): Promise<Uint8Array | undefined> => this.#listed(name, uri);
    const made = new Rendition(new MediaShelf(fetch, this.#findings.of(name), isSound), isSound);
    this.#renditions.set(name, made);
    return made;
  }

  /** Something that a playlist lists. What is missing may have left the playlist meanwhile; else it is a finding. */
  async #listed(name: string, uri: string): Promise<Uint8Array | undefined> {
    const found = await this.#get(`${name}/${uri}`);
    if (found !== undefined) return found;
    const playlist = await this.#text(`${name}/${this.#file}`);
    if (playlist?.includes(uri) === true) {
      const again = await this.#get(`${name}/${uri}`);
      if (again !== undefined) return again;
      this.#findings.add(`${name}: ${uri} is listed and not there`);
    }
    return undefined;
  }

  async #text(path: string): Promise<string | undefined> {
    const bytes = await this.#get(path);
    return bytes && Buffer.from(bytes).toString();
  }

  /** Undefined for anything but success, and from an origin that is down. */
  async #get(path: string): Promise<Uint8Array | undefined> {
    const base = this.#options.base();
    if (base === undefined) return undefined;
    try {
      const { channel, get } = this.#options;
      const { status, body } = await get(`${base}/live/${channel}/${path}`);
      return status === 200 ? body : undefined;
    } catch (error) {
      if (this.#options.base() === base) throw error;
      return undefined;
    }
  }
}

/** What is played together with its sound; both have the same segments. */
function together(weights: readonly Weight[], sound: Rendition | undefined): readonly Weight[] {
  if (sound?.last === undefined) return weights;
  const heard = sound.shelf.weights(sound.last).weights;
  return weights.slice(0, heard.length).map(({ bytes, durationMs }, i) => ({
    bytes: bytes + (heard[i]?.bytes ?? 0),
    durationMs,
  }));
}

function nameOf(uri: string): string {
  return uri.split('/', 1).join('');
}
