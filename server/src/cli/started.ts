import { type Delivery, type DeliveryOptions, type Origin, type OriginOptions } from '../index.ts';

/** What there is to say once a process runs. */
export type Started = {
  /** Where HLS and the status API are. */
  readonly httpUrl: string;
  /** Where `/metrics` is. */
  readonly metricsUrl?: string;
  readonly rtmpServer?: string;
  readonly rtmpsServer?: string;
  readonly channels?: readonly {
    readonly channel: string;
    readonly playlist: string;
    /** Only where somebody asked for it. */
    readonly streamKey?: string;
    readonly srtPort?: number;
  }[];
  /** Where the stream keys are. */
  readonly keysFile?: string;
};

/** Of an origin. */
export function originStarted(
  origin: Origin,
  options: OriginOptions,
  { showKeys, keysFile }: { readonly showKeys: boolean; readonly keysFile: string },
): Started {
  const httpUrl = httpUrlOf(options.http, origin.httpPort);
  const { rtmpsPort } = origin;
  return {
    httpUrl,
    ...metricsUrlOf(origin, options),
    rtmpServer: `rtmp://${authority(options.rtmp.host, origin.rtmpPort)}/live`,
    ...(rtmpsPort !== undefined && {
      rtmpsServer: `rtmps://${authority(options.rtmp.host, rtmpsPort)}/live`,
    }),
    channels: options.channels.map(({ channel }) => {
      const srtPort = origin.srtPort(channel);
      return {
        channel,
        playlist: `${httpUrl}/live/${channel}/index.m3u8`,
        ...(showKeys && { streamKey: origin.streamKey(channel) }),
        ...(srtPort !== undefined && { srtPort }),
      };
    }),
    keysFile,
  };
}

/** Of a delivery process. */
export function deliveryStarted(delivery: Delivery, options: DeliveryOptions): Started {
  const httpUrl = httpUrlOf(options.http, delivery.httpPort);
  return { httpUrl, ...metricsUrlOf(delivery, options) };
}

/** The lines for people. */
export function startLines(started: Started): readonly string[] {
  const { httpUrl, metricsUrl, rtmpServer, rtmpsServer, channels = [], keysFile } = started;
  const line = (name: string, text: string | undefined): string[] =>
    text === undefined ? [] : [`  ${name.padEnd(12)}${text}`];
  return [
    ...line('HTTP', httpUrl),
    ...line('Metrics', metricsUrl),
    ...line('RTMP', rtmpServer),
    ...line('RTMPS', rtmpsServer),
    ...line('Stream keys', keysFile),
    ...channels.flatMap(({ channel, playlist, streamKey, srtPort }) => [
      ...line('Channel', channel),
      ...line('  HLS', playlist),
      ...line('  SRT port', srtPort === undefined ? undefined : String(srtPort)),
      ...line('  key', streamKey),
    ]),
  ];
}

/** The line for programs (`--json`). */
export function startJson(started: Started): string {
  return JSON.stringify({ type: 'started', ...started });
}

function httpUrlOf({ host, tls }: OriginOptions['http'], port: number): string {
  return `${tls === undefined ? 'http' : 'https'}://${authority(host, port)}`;
}

function metricsUrlOf(
  { metricsPort }: Pick<Origin, 'metricsPort'>,
  { metrics }: Pick<OriginOptions, 'metrics'>,
): { readonly metricsUrl?: string } {
  if (metrics === undefined || metricsPort === undefined) return {};
  return { metricsUrl: `http://${authority(metrics.host, metricsPort)}/metrics` };
}

/** A wildcard address is not one to connect to. */
function authority(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `${name.includes(':') ? `[${name}]` : name}:${port}`;
}
