import type { ChannelId } from '@shoal/protocol';
import { element, setText } from '../shared-ui/dom.ts';
import { getJson } from '../shared-ui/get-json.ts';
import { parseSwarm } from '../shared-ui/tracker-api.ts';
import { SIZE, type SwarmView, swarmView } from './swarm-view.ts';

const SVG = 'http://www.w3.org/2000/svg';

/** What the card needs: the tracker's HTTP URL, and what operators show it. */
export type SwarmSource = {
  readonly trackerStatus: string;
  readonly channel: ChannelId;
  readonly operator: string | undefined;
};

/** Draws who is linked with whom, where everybody is in the stream, and who fetches what; and holds the switch. */
export class SwarmCard {
  readonly #source: SwarmSource;
  readonly #button = element('p2p-switch', HTMLButtonElement);
  #p2p = true;

  constructor(source: SwarmSource) {
    this.#source = source;
    this.#button.addEventListener('click', () => {
      void this.#switch();
    });
    if (source.operator === undefined)
      this.#say('Open this page by the address that the terminal printed to see the swarm.');
  }

  /** Fetches and draws; does nothing without the operator's token. */
  async refresh(): Promise<void> {
    if (this.#source.operator === undefined) return;
    const answer = await getJson(this.#url('swarm'), this.#source.operator);
    const swarm = answer.type === 'ok' ? parseSwarm(answer.body) : undefined;
    if (swarm === undefined) {
      this.#say(
        answer.type === 'refused'
          ? 'The tracker was started anew: take the address that the terminal printed.'
          : 'The tracker does not answer.',
      );
      return;
    }
    this.#p2p = swarm.p2p;
    this.#button.hidden = false;
    this.#button.textContent = swarm.p2p ? 'Switch P2P off' : 'Switch P2P on';
    const view = swarmView(swarm);
    this.#say(view.summary);
    element('swarm', HTMLDivElement).replaceChildren(drawing(view));
    element('windows', HTMLDListElement).replaceChildren(
      ...view.windows.map(({ label, viewers, share }) => row(label, String(viewers), share)),
    );
    element('duties', HTMLDListElement).replaceChildren(
      ...view.duties.map(({ label, text }) => row(label, text)),
    );
  }

  async #switch(): Promise<void> {
    this.#button.disabled = true;
    const method = this.#p2p ? 'DELETE' : 'PUT';
    const headers = { authorization: `Bearer ${this.#source.operator ?? ''}` };
    await fetch(this.#url('p2p'), { method, headers }).catch(() => {
      this.#say('The tracker does not answer.');
    });
    await this.refresh();
    this.#button.disabled = false;
  }

  #url(what: 'swarm' | 'p2p'): string {
    return `${this.#source.trackerStatus}/v1/channels/${this.#source.channel}/${what}`;
  }

  #say(text: string): void {
    setText('swarm-summary', text);
  }
}

function drawing({ dots, lines, summary }: SwarmView): SVGElement {
  const picture = shape('svg', {
    viewBox: `0 0 ${SIZE} ${SIZE}`,
    role: 'img',
    'aria-label': summary,
  });
  for (const { from, to, active } of lines) {
    const [x1, y1] = from;
    const [x2, y2] = to;
    picture.append(shape('line', { x1, y1, x2, y2, class: active ? 'active' : 'idle' }));
  }
  for (const { x, y, radius, kind, title } of dots) {
    const dot = shape('circle', { cx: x, cy: y, r: radius, class: kind });
    const words = shape('title', {});
    words.textContent = title;
    dot.append(words);
    picture.append(dot);
  }
  return picture;
}

function shape(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS<'svg'>(SVG, name as 'svg');
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

function row(label: string, text: string, share?: number): HTMLDivElement {
  const line = document.createElement('div');
  const [term, words] = [document.createElement('dt'), document.createElement('dd')];
  term.textContent = label;
  words.textContent = text;
  if (share !== undefined) line.style.setProperty('--share', String(share));
  line.append(term, words);
  return line;
}
