/** What happens when the page is left, and when it comes back from the back/forward cache. */
export type PageHandlers = {
  readonly onHide: () => void;
  readonly onReturn: () => void;
};

/** Watches `page`; returns the undo. */
export function watchPage(page: EventTarget, handlers: PageHandlers): () => void {
  const onShow = (event: Event): void => {
    // The first `pageshow` of a page is not a return.
    if (event instanceof PageTransitionEvent && event.persisted) handlers.onReturn();
  };
  page.addEventListener('pagehide', handlers.onHide);
  page.addEventListener('pageshow', onShow);
  return () => {
    page.removeEventListener('pagehide', handlers.onHide);
    page.removeEventListener('pageshow', onShow);
  };
}
