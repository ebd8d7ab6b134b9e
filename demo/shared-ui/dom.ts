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
