import {
  element,
  make,
  makeButton,
  makeSureButton,
  setText,
  whileBusy,
  wireCopyButton,
} from '../shared-ui/dom.ts';
import { fieldsOf, listOf, numberOf, textOf } from '../shared-ui/fields.ts';
import { type FeedNews } from '../shared-ui/feed-client.ts';
import { newKey } from '../shared-ui/service-client.ts';
import { whenText } from '../shared-ui/when-text.ts';
import { alertOf } from '../overlay/alert.ts';
import { type StudioSession } from './studio-session.ts';

const TEST_DONATION = {
  amount: { minorUnits: 500, currency: 'EUR' },
  message: 'This is a test',
  method: 'sandbox-pays',
};

/** Alerts that nobody has seen yet, a test of them, and the address that shows them. */
export class AlertsCard {
  readonly #session: StudioSession;
  #address = '';

  constructor(session: StudioSession) {
    this.#session = session;
    whileBusy(element('test-donation', HTMLButtonElement), 'click', async () => {
      const body = TEST_DONATION;
      const made = await session.get('POST', '/donations', { body, key: newKey() });
      if (made !== undefined)
        session.toasts.show('The test donation is under way. No money has moved.', 'good');
    });
    wireCopyButton(element('overlay-copy', HTMLButtonElement), () => this.#address);
    whileBusy(element('overlay-make', HTMLButtonElement), 'click', async () => {
      const made = await session.get('POST', '/overlay-token', { body: {} });
      const token = textOf(fieldsOf(made?.body)['token']);
      if (token === '') return;
      const url = new URL('/overlay/', location.href);
      url.search = `?channel=${session.channel}`;
      // After the hash, so that no server and no log sees it.
      url.hash = `token=${token}`;
      this.#address = url.href;
      element('overlay-address', HTMLElement).textContent = url.href;
      element('overlay-new', HTMLElement).hidden = false;
    });
    const revoke = async (): Promise<void> => {
      if ((await session.get('DELETE', '/overlay-token')) === undefined) return;
      element('overlay-new', HTMLElement).hidden = true;
      session.toasts.show('Overlays with addresses that were made here are locked out.', 'good');
    };
    element('overlay-buttons', HTMLDivElement).append(
      makeSureButton(
        { text: 'Take all back', class: 'button danger' },
        'Really? Overlays stop',
        revoke,
      ),
    );
  }

  async load(): Promise<void> {
    const answer = await this.#session.ask('GET', '/outbox?limit=50');
    if (answer.type !== 'ok') return;
    const rows = listOf(fieldsOf(answer.body)['alerts']).flatMap((of) => this.#row(of));
    element('alert-list', HTMLDivElement).replaceChildren(...rows);
    element('alerts-none', HTMLParagraphElement).hidden = rows.length > 0;
    setText('tab-alerts-count', rows.length === 0 ? '' : String(rows.length));
  }

  event(event: FeedNews): void {
    if (alertOf(event) !== undefined) void this.load();
  }

  #row(value: unknown): readonly HTMLElement[] {
    const alert = alertOf(value);
    if (alert === undefined) return [];
    const at = numberOf(fieldsOf(value)['at']);
    const text = make('div', {}, make('b', { text: alert.title }));
    if (alert.message !== '') text.append(make('p', { text: alert.message }));
    if (at !== undefined)
      text.append(make('p', { class: 'quiet', text: whenText(at, Date.now()) }));
    const seen = makeButton({ text: 'Seen' }, async () => {
      await this.#session.get('POST', `/outbox/${encodeURIComponent(alert.id)}/ack`, { body: {} });
      await this.load();
    });
    return [make('div', { class: 'item row', testId: 'alert-item' }, text, seen)];
  }
}
