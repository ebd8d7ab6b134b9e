/** What is shown of an event of the streamer's feed. */
export type Alert = {
  readonly id: string;
  readonly title: string;
  /** Plain text of a stranger. */
  readonly message: string;
};

/** Reads a message of the feed; undefined for one that is not to be shown. */
export function alertOf(value: unknown): Alert | undefined {
  const message = record(value);
  const { id, type } = { id: message.get('id'), type: message.get('type') };
  if (typeof id !== 'string' || id === '' || typeof type !== 'string') return undefined;
  const data = record(message.get('data'));
  const text = (name: string): string => {
    const found = data.get(name);
    return typeof found === 'string' ? found : '';
  };
  switch (type) {
    case 'donation.received': {
      const title = `${text('from')} donated ${moneyText(data.get('amount'))}`;
      return { id, title, message: text('message') };
    }
    case 'subscription.created':
      return { id, title: `${text('name')} subscribed`, message: '' };
    case 'subscription.renewed': {
      const months = data.get('months');
      const message = typeof months === 'number' ? `${months} months in all` : '';
      return { id, title: `${text('name')} subscribed again`, message };
    }
    case 'subscription.gifted':
      return { id, title: `${text('from')} gave ${text('to')} a subscription`, message: '' };
    default:
      return undefined;
  }
}

function moneyText(value: unknown): string {
  const [minorUnits, currency] = ['minorUnits', 'currency'].map((name) => record(value).get(name));
  if (typeof minorUnits !== 'number' || typeof currency !== 'string') return '';
  try {
    const format = new Intl.NumberFormat('en', { style: 'currency', currency });
    const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
    return format.format(minorUnits / 10 ** digits);
  } catch {
    return '';
  }
}

function record(value: unknown): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>(
    typeof value === 'object' && value !== null ? Object.entries(value) : [],
  );
}
