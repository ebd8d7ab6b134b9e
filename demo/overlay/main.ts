import './overlay.css';
import { element, setText } from '../shared-ui/dom.ts';
import { FeedClient } from '../shared-ui/feed-client.ts';
import { type Alert, alertOf } from './alert.ts';
import { AlertQueue } from './alert-queue.ts';

/** How long an alert is shown, and how long nothing is between two. */
const PAUSE_MS = 600;
const DEFAULT_SECONDS = 6;
/** Attempts to connect that fail before anything is shown of it. */
const SHOWN_FAILURES = 2;

const query = new URLSearchParams(location.search);
// After the hash it is told to no server; OBS takes either.
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? query.get('token') ?? '';
const channel = query.get('channel') ?? '';
const asked = Number(query.get('seconds') ?? DEFAULT_SECONDS);
const showMs = 1_000 * (asked > 0 && asked <= 60 ? asked : DEFAULT_SECONDS);
const withSound = query.get('sound') === '1';
const storageKey = `shoal-overlay-shown-${channel}`;

/** Until it was connected once, failures are told to who sets it up. Later ones mend themselves, and viewers of the stream need not see them. */
let failures: number | undefined = 0;
const queue = new AlertQueue(remembered());
const base = query.get('api') ?? location.href;
const feed = new FeedClient(
  { base, channel, audience: 'streamer', token },
  {
    event: (event) => {
      const alert = alertOf(event);
      if (alert === undefined) return;
      if (queue.push(alert) === 'shown') acknowledge(alert.id);
      showNext();
    },
    connected: (isConnected) => {
      if (isConnected) failures = undefined;
      else if (failures !== undefined) failures += 1;
      setText(
        'problem',
        channel === '' || token === ''
          ? 'The address of this page needs channel and token'
          : 'There is no connection: is the token one for the alerts of this channel?',
      );
      element('problem', HTMLElement).hidden = (failures ?? 0) < SHOWN_FAILURES;
    },
  },
);

/** Where that is lost, the alert comes again with the next connection. */
function acknowledge(id: string): void {
  feed.say({ type: 'ack', id });
}

function showNext(): void {
  const alert = queue.next();
  if (alert === undefined) return;
  show(alert);
  setTimeout(() => {
    element('alert', HTMLElement).hidden = true;
    const id = queue.done();
    remember();
    if (id !== undefined) acknowledge(id);
    setTimeout(showNext, PAUSE_MS);
  }, showMs);
}

function show({ title, message }: Alert): void {
  setText('alert-title', title);
  setText('alert-message', message);
  element('alert', HTMLElement).hidden = false;
  if (withSound) beep();
}

function beep(): void {
  const audio = new AudioContext();
  const [tone, volume] = [audio.createOscillator(), audio.createGain()];
  tone.frequency.value = 880;
  volume.gain.setValueAtTime(0.2, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.5);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.5);
  tone.addEventListener('ended', () => void audio.close());
}

/** Ids of alerts that an earlier page showed: one that was closed before its acknowledgement arrived shows nothing twice. */
function remembered(): readonly string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]');
    return Array.isArray(found) ? found.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

function remember(): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(queue.shown));
  } catch {
    // Without storage it is remembered as long as the page is open.
  }
}
