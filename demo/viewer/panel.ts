import type { ShoalStats } from '@shoal/client-sdk';
import { createChart } from '../shared-ui/chart.ts';
import { element, setText } from '../shared-ui/dom.ts';
import { chartSummary, emptyFigures, figuresOf, offloadOf } from './figures.ts';
import { uploadText } from './upload-text.ts';
import { HISTORY_SECONDS, RateHistory } from './rate-history.ts';

/** The figures and the chart beside the video. */
export type Panel = {
  /** Shows the figures of now; call about once a second, without figures while nothing plays. */
  readonly refresh: (stats: ShoalStats | undefined) => void;
};

/** Connects the figures and the chart of the page. */
export function createPanel(): Panel {
  const history = new RateHistory();
  const host = element('chart', HTMLDivElement);
  const bar = element('share-bar', HTMLSpanElement);
  const chart = createChart({
    host,
    fromX: -HISTORY_SECONDS,
    leastY: 500_000,
    formatX: (seconds) => (seconds === 0 ? 'now' : `${seconds} s`),
    formatY: (bits) => (bits / 1e6).toFixed(1),
    series: [
      { label: 'Server', colour: '--http', kind: 'area' },
      { label: 'Viewers', colour: '--p2p', kind: 'area' },
      { label: 'Sent', colour: '--sent', kind: 'line' },
    ],
  });
  const write = (figures: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(figures)) setText(name, text);
  };
  const showShare = (share: number | undefined): void => {
    bar.style.width = `${(share ?? 0) * 100}%`;
    if (bar.parentElement !== null)
      bar.parentElement.dataset['known'] = String(share !== undefined);
  };
  const upload = element('upload-state', HTMLParagraphElement);
  const showUpload = (stats: ShoalStats): void => {
    const text = uploadText(stats);
    // Said anew, a status is read out anew.
    if (upload.textContent !== text) upload.textContent = text;
    upload.hidden = false;
  };
  write(emptyFigures());
  return {
    refresh: (stats) => {
      const now = Date.now();
      if (stats !== undefined) history.add(stats.bytes, now);
      const rates = history.latest();
      chart.draw(history.columns(now));
      host.setAttribute('aria-label', chartSummary(rates));
      if (stats === undefined) {
        write(emptyFigures());
        showShare(undefined);
        upload.hidden = true;
        return;
      }
      write(figuresOf(stats, rates));
      showUpload(stats);
      showShare(offloadOf(stats.bytes));
    },
  };
}
