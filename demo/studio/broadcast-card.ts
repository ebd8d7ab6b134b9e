import { element, make, makeButton, makeSureButton, whileBusy } from '../shared-ui/dom.ts';
import { fieldsOf, textOf } from '../shared-ui/fields.ts';
import { type BroadcastInfo, parseBroadcasts } from '../shared-ui/service-api.ts';
import { whenText } from '../shared-ui/when-text.ts';
import { movesOf, sortBroadcasts, stateText, stateWord } from './broadcast-view.ts';
import { type StudioSession } from './studio-session.ts';

const PAST_SHOWN = 4;

/** What is on, what comes next, and what can be done about it. */
export class BroadcastCard {
  readonly #session: StudioSession;
  #isStreamOn = false;
  #broadcasts: readonly BroadcastInfo[] = [];

  constructor(session: StudioSession) {
    this.#session = session;
    const title = element('next-title', HTMLInputElement);
    whileBusy(element('next-form', HTMLFormElement), 'submit', async () => {
      const made = await session.get('POST', '/broadcasts', {
        body: title.value.trim() === '' ? {} : { title: title.value.trim() },
      });
      const id = textOf(fieldsOf(made?.body)['id']);
      if (id !== '')
        await session.get('POST', `/broadcasts/${id}/transition`, { body: { to: 'ready' } });
      if (id !== '') title.value = '';
      await this.load();
    });
  }

  async load(): Promise<void> {
    const answer = await this.#session.ask('GET', '/broadcasts?limit=20');
    if (answer.type !== 'ok') return;
    this.#broadcasts = parseBroadcasts(answer.body);
    this.#show();
  }

  /** Whether an encoder publishes, as the origin says. */
  streamIs(isOn: boolean): void {
    if (isOn === this.#isStreamOn) return;
    this.#isStreamOn = isOn;
    this.#show();
  }

  #show(): void {
    const { now, next, past } = sortBroadcasts(this.#broadcasts);
    element('broadcast-now', HTMLDivElement).replaceChildren(
      now === undefined
        ? make('p', {
            class: 'quiet',
            text:
              next[0]?.state === 'ready'
                ? 'Nothing is on. Start your encoder, and the next broadcast goes live.'
                : 'Nothing is on. Start your encoder: a broadcast with the title of the channel goes live.',
          })
        : this.#row(now),
    );
    const rows = (list: readonly BroadcastInfo[]): HTMLElement[] => list.map((of) => this.#row(of));
    element('broadcast-next', HTMLDivElement).replaceChildren(...rows(next));
    element('broadcast-past', HTMLDivElement).replaceChildren(...rows(past.slice(0, PAST_SHOWN)));
    element('broadcast-past-part', HTMLElement).hidden = past.length === 0;
  }

  #row(of: BroadcastInfo): HTMLElement {
    const badge = make('span', { class: 'badge', text: stateWord(of.state) });
    badge.dataset['state'] = of.state;
    const buttons = make('div', { class: 'buttons' });
    for (const { to, words, sure } of movesOf(of.state, this.#isStreamOn)) {
      const move = async (): Promise<void> => {
        await this.#session.get('POST', `/broadcasts/${of.id}/transition`, { body: { to } });
        await this.load();
      };
      const made = { text: words, testId: `move-${to}` };
      buttons.append(
        sure === undefined
          ? makeButton({ ...made, class: to === 'live' ? 'button primary' : 'button' }, move)
          : makeSureButton({ ...made, class: 'button danger' }, sure, move),
      );
    }
    const name = of.title === '' ? 'Without a title' : of.title;
    return make(
      'div',
      { class: 'item', testId: 'broadcast' },
      make('div', { class: 'item-head' }, badge, make('b', { text: name })),
      make('p', { class: 'quiet', text: stateText(of, (at) => whenText(at, Date.now())) }),
      buttons,
    );
  }
}
