const MOST_SHOWN = 3;

/** Messages in a corner of the page. */
export type Toasts = {
  /** Shows a message until it is dismissed; the same message is not shown twice. */
  readonly show: (message: string, kind?: 'warning' | 'good') => void;
};

/** Shows at most three messages in `host`, the oldest gives way. */
export function createToasts(host: HTMLElement): Toasts {
  return {
    show: (message, kind = 'warning') => {
      const shown = [...host.children];
      if (shown.some((toast) => toast.firstElementChild?.textContent === message)) return;
      if (shown.length >= MOST_SHOWN) shown[0]?.remove();
      const toast = document.createElement('div');
      toast.className = 'toast';
      toast.dataset['testid'] = 'toast';
      toast.dataset['kind'] = kind;
      const text = document.createElement('p');
      text.textContent = message;
      const dismiss = document.createElement('button');
      dismiss.type = 'button';
      dismiss.textContent = '×';
      dismiss.setAttribute('aria-label', 'Dismiss');
      dismiss.dataset['testid'] = 'toast-dismiss';
      dismiss.addEventListener('click', () => {
        toast.remove();
      });
      toast.append(text, dismiss);
      host.append(toast);
    },
  };
}
