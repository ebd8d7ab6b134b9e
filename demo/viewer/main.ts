import '../shared-ui/theme.css';
import '../shared-ui/components.css';
import './viewer.css';
import 'media-chrome';
import { element, setText } from '../shared-ui/dom.ts';
import { endpoints, loadPageConfig, type PageConfig } from '../shared-ui/page-config.ts';
import { parsePageQuery } from '../shared-ui/page-query.ts';
import { createToasts } from '../shared-ui/toasts.ts';
import { wireControls } from './controls.ts';
import { createPanel } from './panel.ts';
import { type Phase } from './phase.ts';
import { startPlayer } from './player.ts';
import { createQualityMenu } from './quality-menu.ts';
import { startService } from './service.ts';
import { createStage } from './stage.ts';
import { publishPage } from './test-hook.ts';
import { warningText } from './warning-text.ts';

const REFRESH_MS = 1_000;
const MAX_WARNINGS = 100;

loadPageConfig().then(start, (error: unknown) => {
  console.error(error);
  setText('cover-title', 'This page could not load its settings');
  setText('cover-detail', 'Reload the page to try again.');
});

function start(config: PageConfig): void {
  const query = parsePageQuery(location.search);
  const channel = query.channel ?? config.channel;
  const video = element('video', HTMLVideoElement);
  const toasts = createToasts(element('toasts', HTMLDivElement));
  const panel = createPanel();
  const stage = createStage(video);
  const { tracker } = endpoints(config, location);
  const warnings: string[] = [];
  let phase: Phase | undefined;
  const show = (): void => {
    if (phase !== undefined) stage.show(service?.about.phase(phase) ?? phase);
  };
  const service = config.service ? startService({ channel, toasts, onWords: show }) : undefined;
  const player = startPlayer({
    video,
    channel,
    engine: query.engine,
    p2p: query.p2p,
    upload: true,
    // The stock engine cannot tell the tracker the channel by other means; it is for the viewer count.
    tracker: query.engine === 'p2p-media-loader' ? `${tracker}?channel=${channel}` : tracker,
    onPhase: (next) => {
      phase = next;
      show();
    },
    onFailed: () => service?.failed(),
    onWarning: (warning) => {
      console.warn(`shoal: ${warning.code}: ${warning.message}`, warning.cause ?? '');
      toasts.show(warningText(warning));
      if (warnings.length < MAX_WARNINGS) warnings.push(warning.code);
    },
  });
  setText('title', channel);
  document.title = `${channel} – Shoal`;
  element('studio-link', HTMLAnchorElement).search = `?channel=${channel}`;
  wireControls({ player, video, query });
  const quality = createQualityMenu();
  publishPage({ player, video, warnings });
  window.setInterval(() => {
    panel.refresh(player.stats());
    service?.refresh(player);
    stage.refresh(player.session());
    quality.refresh(player.session()?.hls);
  }, REFRESH_MS);
}
