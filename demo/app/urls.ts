import type { ChannelId } from '@shoal/protocol';

/** Where everything is, once the ports are known. */
export type Addresses = {
  readonly publicHost: string | undefined;
  readonly channel: ChannelId;
  readonly httpPort: number;
  readonly trackerPort: number;
  readonly rtmpPort: number;
  readonly rtmpsPort: number | undefined;
  readonly srtPort: number | undefined;
  /** What operators show tracker and broadcast service. */
  readonly adminToken: string;
  /** What shows alerts of the channel, and nothing else. */
  readonly overlayToken: string;
};

/** The addresses for people. */
export type DemoUrls = {
  readonly watch: string;
  readonly studio: string;
  /** A browser source of OBS. */
  readonly overlay: string;
  /** Of the broadcast service: REST, described in `/openapi.json`. */
  readonly api: string;
  /** Of the broadcast service: what happens, by WebSocket. */
  readonly events: string;
  readonly hls: string;
  readonly tracker: string;
  /** What OBS calls "Server"; the stream key is a field of its own. */
  readonly rtmpServer: string;
  readonly rtmpsServer?: string;
  /** What OBS calls "Server" as well, to which the stream key is added as the passphrase. */
  readonly srtServer?: string;
};

/** Default of the host in URLs. */
const DEFAULT_PUBLIC_HOST = 'localhost';

/** Where the tracker is reached; an IPv6 address gets its brackets (RFC 3986 section 3.2.2). */
export function trackerUrl(publicHost: string | undefined, port: number): string {
  const name = publicHost ?? DEFAULT_PUBLIC_HOST;
  return `ws://${name.includes(':') ? `[${name}]` : name}:${port}/`;
}

/** The URLs to print; an IPv6 address gets its brackets (RFC 3986 section 3.2.2). */
export function demoUrls(at: Addresses): DemoUrls {
  const name = at.publicHost ?? DEFAULT_PUBLIC_HOST;
  const host = name.includes(':') ? `[${name}]` : name;
  const http = `http://${host}:${at.httpPort}`;
  // Without a query the pages take the channel from the configuration.
  return {
    watch: `${http}/`,
    // After the hash, which browsers tell no server.
    studio: `${http}/studio/#operator=${at.adminToken}`,
    overlay: `${http}/overlay/?channel=${at.channel}#token=${at.overlayToken}`,
    api: `${http}/v1`,
    events: `ws://${host}:${at.httpPort}/v1/events`,
    hls: `${http}/live/${at.channel}/index.m3u8`,
    tracker: trackerUrl(at.publicHost, at.trackerPort),
    rtmpServer: `rtmp://${host}:${at.rtmpPort}/live`,
    ...(at.rtmpsPort !== undefined && { rtmpsServer: `rtmps://${host}:${at.rtmpsPort}/live` }),
    ...(at.srtPort !== undefined && { srtServer: `srt://${host}:${at.srtPort}` }),
  };
}

/** What the pages read from `/config.json`. Neither the stream key nor a token is ever part of it. */
export function pageConfig(
  at: Omit<Addresses, 'adminToken' | 'overlayToken' | 'rtmpsPort' | 'srtPort'>,
): Readonly<Record<string, unknown>> {
  return {
    channel: at.channel,
    trackerPort: at.trackerPort,
    rtmpPort: at.rtmpPort,
    // Without it a page uses the host it was loaded from, which is right wherever the page is opened.
    ...(at.publicHost === undefined ? {} : { publicHost: at.publicHost }),
  };
}
