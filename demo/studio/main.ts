import '../shared-ui/theme.css';
import '../shared-ui/components.css';
import './studio.css';
import type { ChannelId } from '@shoal/protocol';
import { type Chart, createChart } from '../shared-ui/chart.ts';
import { element, setText, wireCopyButton } from '../shared-ui/dom.ts';
import { getJson } from '../shared-ui/get-json.ts';
import { parseChannelStatus, parseDelivery, parseViewers } from '../shared-ui/origin-api.ts';
import { type Endpoints, endpoints, loadPageConfig } from '../shared-ui/page-config.ts';
import { parsePageQuery } from '../shared-ui/page-query.ts';
import { type ChannelReport, channelView } from './channel-view.ts';
import { deliveryView, ViewerHistory, WINDOW_SECONDS } from './delivery-view.ts';
import { openStudio, type Studio } from './studio.ts';
import { SwarmCard } from './swarm-card.ts';
import { wireTabs } from './tabs.ts';

const REFRESH_MS = 2_000;

loadPageConfig().then(
  (config) => {
    const channel = parsePageQuery(location.search).channel ?? config.channel;
    start(channel, { at: endpoints(config, location), hasService: config.service });
  },
  (error: unknown) => {
    console.error(error);
    setText('headline', 'This page could not load its settings');
    setText('detail', 'Reload the page to try again.');
  },
);

function start(
  channel: ChannelId,
  { at, hasService }: { readonly at: Endpoints; readonly hasService: boolean },
): void {
  setText('channel', channel);
  setText('rtmp-server', at.rtmpServer);
  document.title = `${channel} – Shoal Studio`;
  element('watch-link', HTMLAnchorElement).search = `?channel=${channel}`;
  wireCopyButton(element('copy-server', HTMLButtonElement), () => at.rtmpServer);
  const chart = deliveryChart();
  const history = new ViewerHistory();
  // After the hash, so that no server and no log sees it.
  const hash = new URLSearchParams(location.hash.slice(1));
  const operator = hash.get('operator') ?? undefined;
  // Streamers who are not the operator have tokens of their own, which the tracker does not know.
  const token = hash.get('token') ?? operator;
  const studio = openStudio({ channel, token, hasService });
  wireTabs((tab) => !['chat', 'alerts'].includes(tab) || studio !== undefined);
  const swarm = new SwarmCard({ trackerStatus: at.trackerStatus, channel, operator });
  const refresh = async (): Promise<void> => {
    const [status, delivery, tracker] = await Promise.all([
      getJson(`/v1/streams/${channel}`),
      getJson(`/v1/streams/${channel}/delivery`),
      getJson(`${at.trackerStatus}/v1/channels/${channel}`),
    ]);
    const now = Date.now();
    const report = channelReport(status);
    showChannel(report, now);
    tellStudio(studio, report);
    // A tracker that has no such channel has no viewer of it.
    const viewers =
      tracker.type === 'ok'
        ? parseViewers(tracker.body)
        : tracker.type === 'not-found'
          ? 0
          : undefined;
    setText('viewers', viewers === undefined ? '–' : String(viewers));
    setText(
      'viewers-note',
      viewers === undefined ? 'the tracker does not answer' : 'as the tracker counts them',
    );
    if (viewers !== undefined) history.add(viewers, now);
    const view = deliveryView(
      parseDelivery(delivery.type === 'ok' ? delivery.body : []),
      history,
      now,
    );
    setText('copies', view.copies);
    setText('offload', view.offload);
    element('chart', HTMLDivElement).setAttribute('aria-label', view.summary);
    chart.draw(view.columns);
    await swarm.refresh();
    window.setTimeout(() => void refresh(), REFRESH_MS);
  };
  void refresh();
}

function channelReport(answer: Awaited<ReturnType<typeof getJson>>): ChannelReport {
  if (answer.type === 'not-found') return { type: 'unknown-channel' };
  if (answer.type !== 'ok') return { type: 'unreachable' };
  const status = parseChannelStatus(answer.body);
  return status.ok ? { type: 'known', status: status.value } : { type: 'unreachable' };
}

function showChannel(report: ChannelReport, now: number): void {
  const view = channelView(report, now);
  const badge = element('state', HTMLSpanElement);
  badge.dataset['state'] = view.badge.state;
  setText('state', view.badge.text);
  setText('headline', view.headline);
  setText('detail', view.detail);
  setText('codecs', view.video);
  setText('picture', view.picture);
  setText('frame-rate', view.frameRate);
  setText('bitrate', view.bitrate);
  setText('rungs', view.rungs);
}

function deliveryChart(): Chart {
  const host = element('chart', HTMLDivElement);
  return createChart({
    host,
    fromX: -WINDOW_SECONDS,
    leastY: 2,
    formatX: (seconds) => (seconds === 0 ? 'now' : `${seconds} s`),
    formatY: String,
    wholeY: true,
    series: [
      { label: 'Sent by the server', colour: '--http', kind: 'bars' },
      { label: 'Needed without sharing', colour: '--sent', kind: 'line' },
    ],
  });
}

function tellStudio(studio: Studio | undefined, report: ChannelReport): void {
  if (report.type !== 'known') return;
  studio?.streamIs(report.status.state === 'live');
}
