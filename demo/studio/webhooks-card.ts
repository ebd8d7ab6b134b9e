import { element, make, makeButton } from '../shared-ui/dom.ts';
import { fieldsOf, listOf, numberOf, textOf } from '../shared-ui/fields.ts';
import { whenText } from '../shared-ui/when-text.ts';
import { type StudioSession } from './studio-session.ts';

/** Where events are sent, and whether they arrive. They are made over the API. */
export class WebhooksCard {
  readonly #session: StudioSession;

  constructor(session: StudioSession) {
    this.#session = session;
  }

  async load(): Promise<void> {
    const answer = await this.#session.ask('GET', '/webhooks');
    if (answer.type !== 'ok') return;
    const rows = listOf(fieldsOf(answer.body)['webhooks']).map((of) => this.#row(of));
    element('webhooks', HTMLDivElement).replaceChildren(...rows);
    element('webhooks-none', HTMLParagraphElement).hidden = rows.length > 0;
  }

  #row(value: unknown): HTMLElement {
    const of = fieldsOf(value);
    const [id, disabled] = [textOf(of['id']), textOf(of['disabledReason'])];
    const failing = numberOf(of['failingSince']);
    const words =
      of['active'] !== true
        ? `Switched off${disabled === '' ? '' : `: ${disabled}`}`
        : failing === undefined
          ? 'On'
          : `On, and failing since ${whenText(failing, Date.now())}`;
    return make(
      'div',
      { class: 'item row', testId: 'webhook' },
      make(
        'div',
        {},
        make('b', { text: textOf(of['url']) }),
        make('p', { class: 'quiet', text: words }),
      ),
      makeButton({ text: 'Send a test' }, async () => {
        const sent = await this.#session.get('POST', `/webhooks/${id}/test`, { body: {} });
        if (sent !== undefined) this.#session.toasts.show('The test is on its way.', 'good');
      }),
    );
  }
}
