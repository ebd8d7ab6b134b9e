import { err, ok, type Result } from '@shoal/protocol';
import { z } from 'zod';
import { type ServiceOptions } from '../service/options.ts';

/** Flags of where channels are played from. */
export const PLAYBACK_FLAGS = {
  'origin-url': {
    variable: 'SHOAL_ORIGIN_URL',
    fallback: '',
    what: 'origin whose streams are followed',
  },
  'hls-url': {
    variable: 'SHOAL_SERVICE_HLS_URL',
    fallback: '',
    what: 'what players are told, if not that',
  },
  trackers: {
    variable: 'SHOAL_SERVICE_TRACKERS',
    fallback: '',
    what: 'what players are told: URLs, with commas',
  },
} as const;

type Flag = keyof typeof PLAYBACK_FLAGS;

/** Credentials are in it, so that it is no flag. */
const ICE_VARIABLE = 'SHOAL_SERVICE_ICE_SERVERS';
const URLS = z.union([z.string(), z.array(z.string()).max(16)]);
const ICE_SERVERS = z
  .array(
    z
      .object({ urls: URLS, username: z.string(), credential: z.string() })
      .partial({ username: true, credential: true }),
  )
  .max(16);

/** Reads them; every problem is told. An empty value is none. */
export function readPlaybackFlags(
  value: (flag: Flag) => string,
  env: Readonly<Record<string, string | undefined>>,
): Result<Pick<ServiceOptions, 'originUrl' | 'playback'>, readonly string[]> {
  const [originUrl, hlsUrl] = [value('origin-url'), value('hls-url')];
  const trackers = value('trackers')
    .split(',')
    .filter((url) => url !== '');
  const iceServers = readIceServers(env[ICE_VARIABLE]);
  const problems = [
    ...urlProblem('--origin-url', originUrl, HTTP),
    ...urlProblem('--hls-url', hlsUrl, HTTP),
    ...trackers.flatMap((url) => urlProblem('--trackers', url, SOCKET)),
    ...(iceServers.ok ? [] : [iceServers.error]),
  ];
  if (problems.length > 0 || !iceServers.ok) return err(problems);
  return ok({
    ...(originUrl !== '' && { originUrl }),
    playback: {
      ...(hlsUrl !== '' && { hlsUrl }),
      ...(trackers.length > 0 && { trackers }),
      ...(iceServers.value.length > 0 && { iceServers: iceServers.value }),
    },
  });
}

const HTTP = /^https?:$/;
const SOCKET = /^wss?:$/;

function urlProblem(flag: string, url: string, scheme: RegExp): readonly string[] {
  if (url === '' || (URL.canParse(url) && scheme.test(new URL(url).protocol))) return [];
  return [`${flag} is ${url}: not a URL of ${scheme === HTTP ? 'http or https' : 'ws or wss'}`];
}

function readIceServers(
  text: string | undefined,
): Result<NonNullable<NonNullable<ServiceOptions['playback']>['iceServers']>, string> {
  if (text === undefined || text === '') return ok([]);
  try {
    const servers = ICE_SERVERS.parse(JSON.parse(text));
    return ok(
      servers.map(({ urls, username, credential }) => ({
        urls,
        ...(username !== undefined && { username }),
        ...(credential !== undefined && { credential }),
      })),
    );
  } catch {
    // What it is, is secret.
    return err(`${ICE_VARIABLE} is no list of ICE servers: [{"urls":"stun:…"}]`);
  }
}
