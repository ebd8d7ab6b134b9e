import {
  element,
  make,
  makeButton,
  makeSureButton,
  whileBusy,
  wireCopyButton,
} from '../shared-ui/dom.ts';
import { fieldsOf, listOf, numberOf, textOf } from '../shared-ui/fields.ts';
import { whenText } from '../shared-ui/when-text.ts';
import { type StudioSession } from './studio-session.ts';

/** How long a key that was replaced is good still, for an encoder that is live with it. */
const GRACE_SECONDS = 600;

/** Stream keys: made, shown once, replaced and taken back. */
export class KeysCard {
  readonly #session: StudioSession;
  #shown = '';

  constructor(session: StudioSession) {
    this.#session = session;
    wireCopyButton(element('new-key-copy', HTMLButtonElement), () => this.#shown);
    whileBusy(element('key-make', HTMLButtonElement), 'click', async () => {
      const made = await session.get('POST', '/stream-keys', { body: {} });
      if (made !== undefined) await this.#made(made.body);
    });
  }

  async load(): Promise<void> {
    const answer = await this.#session.ask('GET', '/stream-keys');
    if (answer.type !== 'ok') return;
    const rows = listOf(fieldsOf(answer.body)['keys']).map((key) => this.#row(key));
    element('keys', HTMLDivElement).replaceChildren(...rows);
    element('keys-none', HTMLParagraphElement).hidden = rows.length > 0;
  }

  async #made(body: unknown): Promise<void> {
    this.#shown = textOf(fieldsOf(body)['key']);
    element('new-key-value', HTMLElement).textContent = this.#shown;
    element('new-key', HTMLElement).hidden = false;
    await this.load();
  }

  #row(key: unknown): HTMLElement {
    const of = fieldsOf(key);
    const [id, hint] = [textOf(of['id']), textOf(of['hint'])];
    const now = Date.now();
    const when = (name: string): string | undefined => {
      const at = numberOf(of[name]);
      return at === undefined ? undefined : whenText(at, now);
    };
    const used = when('usedAt');
    const until = when('validUntil');
    const facts = [
      `made ${when('createdAt') ?? ''}`,
      used === undefined ? 'never used' : `used ${used}`,
      ...(until === undefined ? [] : [`good until ${until}`]),
    ].join(', ');
    const buttons = make('div', { class: 'buttons' });
    if (until === undefined)
      buttons.append(
        makeButton({ text: 'Replace' }, async () => {
          const body = { graceSeconds: GRACE_SECONDS };
          const made = await this.#session.get('POST', `/stream-keys/${id}/rotate`, { body });
          if (made === undefined) return;
          this.#session.toasts.show(
            'The old key is good for ten minutes still: give your encoder the new one.',
            'good',
          );
          await this.#made(made.body);
        }),
      );
    buttons.append(
      makeSureButton(
        { text: 'Take back', class: 'button danger' },
        'Really? Who publishes with it is cut off',
        async () => {
          await this.#session.get('DELETE', `/stream-keys/${id}`);
          await this.load();
        },
      ),
    );
    const name = make('b', { text: `…${hint}` });
    return make(
      'div',
      { class: 'item row', testId: 'key' },
      make('div', {}, name, make('p', { class: 'quiet', text: facts })),
      buttons,
    );
  }
}
