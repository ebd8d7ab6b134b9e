import { element, make, setText } from '../shared-ui/dom.ts';
import { healthView } from './health-view.ts';
import { type StudioSession } from './studio-session.ts';

/** How the stream is, in plain words. */
export class HealthCard {
  readonly #session: StudioSession;

  constructor(session: StudioSession) {
    this.#session = session;
  }

  async load(): Promise<void> {
    const answer = await this.#session.ask('GET', '/health');
    if (answer.type !== 'ok') return;
    const { status, headline, issues, viewers } = healthView(answer.body);
    element('health', HTMLElement).dataset['status'] = status;
    setText('health-headline', headline);
    setText('health-viewers', viewers);
    const list = element('health-issues', HTMLUListElement);
    const items = issues.map(({ severity, text }) => {
      const item = make('li', { text });
      item.dataset['severity'] = severity;
      return item;
    });
    // What stays the same is not read out again.
    if (list.textContent !== items.map(({ textContent }) => textContent).join(''))
      list.replaceChildren(...items);
  }
}
