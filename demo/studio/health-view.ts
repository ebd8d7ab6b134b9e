import { fieldsOf, listOf, numberOf, textOf } from '../shared-ui/fields.ts';

/** The health card, ready to be written to the page. */
export type HealthView = {
  /** `good`, `ok`, `bad` or `none`. */
  readonly status: string;
  readonly headline: string;
  readonly issues: readonly { readonly severity: string; readonly text: string }[];
  /** What viewers say; empty while none does. */
  readonly viewers: string;
};

/** Reads `GET …/health`. */
export function healthView(value: unknown): HealthView {
  const of = fieldsOf(value);
  const status = textOf(of['status']);
  const viewers = fieldsOf(of['viewers']);
  const [reporting, troubled] = [numberOf(viewers['reporting']), numberOf(viewers['troubled'])];
  return {
    status: status in HEADLINES ? status : 'none',
    headline: HEADLINES[status] ?? 'Nothing is known of the stream',
    issues: listOf(of['issues']).flatMap((entry) => {
      const issue = fieldsOf(entry);
      const text = textOf(issue['description']);
      return text === '' ? [] : [{ severity: textOf(issue['severity']), text }];
    }),
    viewers: viewersText(reporting ?? 0, troubled ?? 0),
  };
}

const HEADLINES: Readonly<Record<string, string>> = {
  good: 'All is well',
  ok: 'It works, and could be better',
  bad: 'Viewers have trouble',
  none: 'There is no stream',
};

function viewersText(reporting: number, troubled: number): string {
  if (reporting === 0) return '';
  const who = reporting === 1 ? 'One viewer' : `${reporting} viewers`;
  if (troubled === 0) return `${who} reported in the last minute and had no trouble.`;
  return `${troubled} of ${reporting} viewers who reported in the last minute had stalls or errors.`;
}
