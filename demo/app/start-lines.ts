import type { DemoUrls } from './urls.ts';

/** What there is to say once everything runs. */
export type Started = {
  readonly urls: DemoUrls;
  readonly streamKey: string;
  readonly pattern: boolean;
  readonly dataDir: string;
};

/** The lines for people. */
export function startLines(started: Started): readonly string[] {
  const { urls } = started;
  return [
    '',
    `  Watch    ${urls.watch}`,
    `  Studio   ${urls.studio}`,
    `  Overlay  ${urls.overlay}`,
    '           (alerts, for a browser source in OBS; its token reads alerts and nothing else)',
    '',
    started.pattern
      ? '  The test pattern is being published. To publish from OBS instead (Settings, Stream, Custom):'
      : '  To publish from OBS (Settings, Stream, Custom; keyframe interval 2 s):',
    `    Server       ${urls.rtmpServer}`,
    ...(urls.rtmpsServer === undefined ? [] : [`    or           ${urls.rtmpsServer}`]),
    `    Stream key   ${started.streamKey}`,
    ...(urls.srtServer === undefined
      ? []
      : [`    or, by SRT   ${urls.srtServer}?passphrase=${started.streamKey}&pbkeylen=16`]),
    '',
    `  HLS      ${urls.hls}`,
    `  Tracker  ${urls.tracker}`,
    `  API      ${urls.api} (${new URL('/openapi.json', urls.api).href}), events ${urls.events}`,
    `  Data     ${started.dataDir}`,
    '',
    '  DEVELOPMENT MODE: the tracker asks viewers for no token, so everybody who reaches it may join.',
    '',
    '  Open the watch page in several windows to see them share. Ctrl+C stops everything.',
    '',
  ];
}

/** The line for programs (`--json`). */
export function startJson(started: Started): string {
  const { urls } = started;
  return JSON.stringify({
    type: 'started',
    watchUrl: urls.watch,
    studioUrl: urls.studio,
    overlayUrl: urls.overlay,
    apiUrl: urls.api,
    eventsUrl: urls.events,
    hlsUrl: urls.hls,
    trackerUrl: urls.tracker,
    rtmpServer: urls.rtmpServer,
    rtmpsServer: urls.rtmpsServer,
    srtServer: urls.srtServer,
    streamKey: started.streamKey,
    pattern: started.pattern,
    dataDir: started.dataDir,
    pid: process.pid,
  });
}
