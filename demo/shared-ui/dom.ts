const SURE_MS = 5_000;

/** The page's element with this `data-testid`; its absence is a bug of the page. */
export function element<T extends HTMLElement>(testId: string, type: new () => T): T {
  const found = document.querySelector(`[data-testid="${testId}"]`);
  if (!(found instanceof type)) throw new Error(`no ${type.name} with data-testid ${testId}`);
  return found;
}

/** Sets the text of the element with this `data-testid`, touching the page only when it changes. */
export function setText(testId: string, text: string): void {
  const target = element(testId, HTMLElement);
  if (target.textContent !== text) target.textContent = text;
}

/** Attributes of an element that is made; `text` is its content, as text and never as HTML. */
export type Made = {
  readonly text?: string;
  readonly class?: string;
  readonly testId?: string;
  readonly label?: string;
};

/** Makes an element with what is in it. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  of: Made = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (of.text !== undefined) made.textContent = of.text;
  if (of.class !== undefined) made.className = of.class;
  if (of.testId !== undefined) made.dataset['testid'] = of.testId;
  if (of.label !== undefined) made.setAttribute('aria-label', of.label);
  made.append(...children);
  return made;
}

/** Makes a button; while `onClick` runs it cannot be pressed again. */
export function makeButton(of: Made, onClick: () => unknown): HTMLButtonElement {
  const button = make('button', { class: 'button', ...of });
  button.type = 'button';
  whileBusy(button, 'click', onClick);
  return button;
}

/** A button for what cannot be undone: it asks once more, for some seconds, before it does it. */
export function makeSureButton(of: Made, sure: string, onClick: () => unknown): HTMLButtonElement {
  let asked: number | undefined;
  const button = makeButton(of, () => {
    if (asked === undefined) {
      button.textContent = sure;
      asked = window.setTimeout(rest, SURE_MS);
      return undefined;
    }
    window.clearTimeout(asked);
    rest();
    return onClick();
  });
  const rest = (): void => {
    asked = undefined;
    button.textContent = of.text ?? '';
  };
  return button;
}

/** Runs something at each click or submission, one at a time. */
export function whileBusy(
  target: HTMLElement,
  event: 'click' | 'submit',
  run: () => unknown,
): void {
  let busy = false;
  target.addEventListener(event, (happened) => {
    happened.preventDefault();
    if (busy) return;
    busy = true;
    void Promise.resolve(run()).finally(() => {
      busy = false;
    });
  });
}

/** Copies a text, and says on the button whether that worked. The clipboard is only there on localhost and over TLS: without it there is no button. */
export function wireCopyButton(button: HTMLButtonElement, text: () => string): void {
  button.hidden = !window.isSecureContext;
  const words = button.textContent;
  button.addEventListener('click', () => {
    navigator.clipboard.writeText(text()).then(
      () => {
        button.textContent = 'Copied';
        window.setTimeout(() => {
          button.textContent = words;
        }, 2_000);
      },
      () => {
        button.textContent = 'Copy failed';
      },
    );
  });
}
