import { element } from '../shared-ui/dom.ts';

/** A quality as hls.js has it. */
export type Level = { readonly width: number; readonly height: number; readonly bitrate: number };

/** What the menu needs of hls.js. */
export type QualityPlayer = {
  readonly levels: readonly Level[];
  /** The level that plays; -1 before the first frame. */
  readonly currentLevel: number;
  readonly autoLevelEnabled: boolean;
  /** What is loaded from the next segment on; -1 leaves it to the player. */
  nextLevel: number;
};

/** The menu of qualities; hidden while there is no choice. */
export type QualityMenu = { readonly refresh: (player: QualityPlayer | undefined) => void };

const AUTO = -1;

/** Connects the menu of the page. */
export function createQualityMenu(): QualityMenu {
  const field = element('quality-field', HTMLLabelElement);
  const select = element('quality', HTMLSelectElement);
  let player: QualityPlayer | undefined;
  let shown = '';
  select.addEventListener('change', () => {
    if (player !== undefined) player.nextLevel = Number(select.value);
  });
  return {
    refresh: (next) => {
      player = next;
      const options = qualityOptions(next);
      field.hidden = options.length < 3;
      // Written anew only when it changed: an open menu would close.
      const texts = options.map(({ text }) => text).join();
      if (texts !== shown) {
        shown = texts;
        select.replaceChildren(...options.map(({ text, value }) => new Option(text, `${value}`)));
        select.value = `${options.find(({ chosen }) => chosen)?.value ?? AUTO}`;
      }
    },
  };
}

/** What can be chosen, the best first, after the player's own choice, which says what that is. */
export function qualityOptions(
  player: QualityPlayer | undefined,
): readonly { readonly text: string; readonly value: number; readonly chosen: boolean }[] {
  if (player === undefined) return [];
  const { levels, currentLevel, autoLevelEnabled } = player;
  const playing = levels[currentLevel];
  const auto = autoLevelEnabled && playing !== undefined ? `Auto (${nameOf(playing)})` : 'Auto';
  const ranked = levels
    .map((level, value) => ({ level, value }))
    .sort((a, b) => b.level.bitrate - a.level.bitrate);
  return [
    { text: auto, value: AUTO, chosen: autoLevelEnabled },
    ...ranked.map(({ level, value }) => ({
      text: nameOf(level),
      value,
      chosen: !autoLevelEnabled && value === currentLevel,
    })),
  ];
}

/** By its lines, as people call it; sound alone by its bit rate. */
function nameOf({ width, height, bitrate }: Level): string {
  const lines = Math.min(width, height);
  return lines > 0 ? `${lines}p` : `${Math.round(bitrate / 1000)} kbit/s`;
}
