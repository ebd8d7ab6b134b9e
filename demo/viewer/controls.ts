import { element } from '../shared-ui/dom.ts';
import { ENGINES, formatPageQuery, type PageQuery } from '../shared-ui/page-query.ts';
import type { Player } from './player.ts';

/** What the controls act on. */
export type Controlled = {
  readonly player: Player;
  readonly video: HTMLVideoElement;
  readonly query: PageQuery;
};

/** Connects the switch, the engine menu and the buttons over the video. The URL keeps what was chosen. */
export function wireControls({ player, video, query }: Controlled): void {
  const p2pSwitch = element('p2p-switch', HTMLInputElement);
  const engineSelect = element('engine-select', HTMLSelectElement);
  p2pSwitch.checked = query.p2p && query.engine !== 'plain';
  p2pSwitch.disabled = query.engine === 'plain';
  engineSelect.value = query.engine;
  const uploadSwitch = element('upload-switch', HTMLInputElement);
  uploadSwitch.disabled = query.engine === 'plain';
  uploadSwitch.checked = query.engine !== 'plain';

  p2pSwitch.addEventListener('change', () => {
    player.setP2P(p2pSwitch.checked);
    const search = formatPageQuery({ ...query, p2p: p2pSwitch.checked });
    history.replaceState(null, '', `${location.pathname}${search}`);
  });
  uploadSwitch.addEventListener('change', () => {
    player.setUpload(uploadSwitch.checked);
  });
  engineSelect.addEventListener('change', () => {
    const engine = ENGINES.find((known) => known === engineSelect.value) ?? query.engine;
    // Engines are compared from a clean start: another one means another page.
    const p2p = query.engine === 'plain' ? query.p2p : p2pSwitch.checked;
    location.assign(`${location.pathname}${formatPageQuery({ ...query, engine, p2p })}`);
  });

  const unmute = element('unmute', HTMLButtonElement);
  const showUnmute = (): void => {
    unmute.hidden = !video.muted || video.paused;
  };
  for (const name of ['volumechange', 'playing', 'pause', 'emptied'])
    video.addEventListener(name, showUnmute);
  unmute.addEventListener('click', () => {
    video.muted = false;
    if (video.volume === 0) video.volume = 1;
    // The button disappears under the focus.
    video.focus();
  });
  element('go-live', HTMLButtonElement).addEventListener('click', () => {
    player.goLive();
  });
}
