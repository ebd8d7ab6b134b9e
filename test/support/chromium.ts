import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../setup/find-chromium.ts';

/** Flags that keep several pages in one browser at full speed, on a closed network and as root. */
const FLAGS = [
  ...['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-sync', '--mute-audio'],
  ...['--disable-background-networking', '--disable-component-update'],
  ...['--disable-background-timer-throttling', '--disable-renderer-backgrounding'],
  ...['--disable-backgrounding-occluded-windows', '--autoplay-policy=no-user-gesture-required'],
];

/** Starts the machine's own Chromium, headless. */
export async function launchChromium(): Promise<Browser> {
  const found = await findChromium();
  if (found === undefined) throw new Error('no Chromium: see npm run doctor');
  return chromium.launch({ executablePath: found.path, args: FLAGS });
}
