import { element } from '../shared-ui/dom.ts';

/** Sections of the studio, in their order. */
export const TABS = ['live', 'channel', 'chat', 'alerts', 'network'] as const;

/** One of {@link TABS}. */
export type Tab = (typeof TABS)[number];

/** Shows one section at a time; the URL keeps which. Sections that are not there cannot be chosen. */
export function wireTabs(isThere: (tab: Tab) => boolean): void {
  const tabs = TABS.filter(isThere);
  const show = (chosen: Tab): void => {
    for (const tab of TABS) {
      const button = element(`tab-${tab}`, HTMLButtonElement);
      button.hidden = !tabs.includes(tab);
      button.setAttribute('aria-selected', String(tab === chosen));
      button.tabIndex = tab === chosen ? 0 : -1;
      element(`panel-${tab}`, HTMLElement).hidden = tab !== chosen;
    }
    const url = new URL(location.href);
    if (chosen === 'live') url.searchParams.delete('tab');
    else url.searchParams.set('tab', chosen);
    history.replaceState(null, '', url);
  };
  for (const [i, tab] of tabs.entries()) {
    const button = element(`tab-${tab}`, HTMLButtonElement);
    button.addEventListener('click', () => {
      show(tab);
    });
    button.addEventListener('keydown', ({ key }) => {
      const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
      const next = tabs[(i + step + tabs.length) % tabs.length];
      if (step === 0 || next === undefined) return;
      show(next);
      element(`tab-${next}`, HTMLButtonElement).focus();
    });
  }
  const asked = new URLSearchParams(location.search).get('tab');
  show(tabs.find((tab) => tab === asked) ?? 'live');
}
