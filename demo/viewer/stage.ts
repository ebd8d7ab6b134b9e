import { element, setText } from '../shared-ui/dom.ts';
import type { Phase } from './phase.ts';
import type { Session } from './session.ts';

/** A playhead this far behind where it belongs, in seconds, gets a way back. */
const BEHIND_SECONDS = 6;

/** What lies over the video, and the badge. */
export type Stage = {
  readonly show: (phase: Phase) => void;
  /** Updates what changes without an event; call about once a second. */
  readonly refresh: (session: Session | undefined) => void;
};

function showBadge(badge: HTMLElement, phase: Phase): void {
  const onAir = phase.type === 'playing';
  badge.dataset['state'] = !onAir ? 'offline' : phase.live ? 'live' : 'interrupted';
  badge.textContent = !onAir ? 'Offline' : phase.live ? 'Live' : 'Interrupted';
}

/** Connects the overlays of the page. */
export function createStage(video: HTMLVideoElement): Stage {
  const cover = element('cover', HTMLDivElement);
  const notice = element('notice', HTMLParagraphElement);
  const badge = element('live-badge', HTMLSpanElement);
  const goLive = element('go-live', HTMLButtonElement);
  const note = element('engine-note', HTMLParagraphElement);
  const select = element('engine-select', HTMLSelectElement);
  return {
    show: (phase) => {
      cover.hidden = phase.type === 'playing';
      notice.hidden = phase.type !== 'playing' || phase.notice === undefined;
      showBadge(badge, phase);
      switch (phase.type) {
        case 'waiting':
          setText('cover-title', phase.title);
          setText('cover-detail', phase.detail);
          return;
        case 'opening':
          setText('cover-title', 'Loading the stream');
          setText('cover-detail', '');
          return;
        case 'playing':
          notice.textContent = phase.notice ?? '';
      }
    },
    refresh: (session) => {
      const edge = session?.hls.liveSyncPosition;
      const behind = typeof edge === 'number' ? edge - video.currentTime : 0;
      goLive.hidden = behind < BEHIND_SECONDS;
      const fellBack = session?.engine === 'plain' && select.value !== 'plain';
      note.hidden = !fellBack;
      if (fellBack) note.textContent = 'Playing with plain hls.js: the engine cannot run here.';
    },
  };
}
