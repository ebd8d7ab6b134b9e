import { type ChannelId, err, ok, parseChannelId, type Result } from '@shoal/protocol';

/** What the launcher tells the pages. */
export type PageConfig = {
  readonly channel: ChannelId;
  readonly trackerPort: number;
  readonly rtmpPort: number;
  /** Set when the operator named one; else a page uses the host it was loaded from. */
  readonly publicHost: string | undefined;
  /** Whether the broadcast service is on the site of the page: chat, titles, alerts. */
  readonly service: boolean;
};

/** Reads the content of `/config.json`. */
export function parsePageConfig(value: unknown): Result<PageConfig, string> {
  if (typeof value !== 'object' || value === null) return err('not an object');
  const channel = parseChannelId('channel' in value ? value.channel : undefined);
  if (!channel.ok) return channel;
  const trackerPort = 'trackerPort' in value ? value.trackerPort : undefined;
  const rtmpPort = 'rtmpPort' in value ? value.rtmpPort : undefined;
  if (!isPort(trackerPort) || !isPort(rtmpPort)) return err('a port is missing');
  const publicHost = 'publicHost' in value ? value.publicHost : undefined;
  if (publicHost !== undefined && typeof publicHost !== 'string') return err('bad publicHost');
  const service = 'service' in value && value.service === true;
  return ok({ channel: channel.value, trackerPort, rtmpPort, publicHost, service });
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;
}

/** Where the page itself was loaded from: `location`. */
export type PageLocation = { readonly protocol: string; readonly hostname: string };

/** The addresses a page talks to. */
export type Endpoints = {
  /** WebSocket URL of the tracker. */
  readonly tracker: string;
  /** HTTP URL of the tracker's status API, without a slash at the end. */
  readonly trackerStatus: string;
  /** What OBS calls "Server". */
  readonly rtmpServer: string;
};

/** Derives the addresses; a page that came over TLS may use no plain connection. */
export function endpoints(config: PageConfig, page: PageLocation): Endpoints {
  const host = bracketed(config.publicHost ?? page.hostname);
  const s = page.protocol === 'https:' ? 's' : '';
  return {
    tracker: `ws${s}://${host}:${config.trackerPort}/`,
    trackerStatus: `http${s}://${host}:${config.trackerPort}`,
    rtmpServer: `rtmp://${host}:${config.rtmpPort}/live`,
  };
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** Fetches and reads `/config.json`; fails with a sentence for people. */
export async function loadPageConfig(): Promise<PageConfig> {
  const response = await fetch('/config.json', { cache: 'no-store' });
  const body: unknown = response.ok ? await response.json() : undefined;
  const config = parsePageConfig(body);
  if (!config.ok) throw new Error(`/config.json cannot be used: ${config.error}`);
  return config.value;
}
