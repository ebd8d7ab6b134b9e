import { element, setText, whileBusy } from '../shared-ui/dom.ts';
import { fieldsOf } from '../shared-ui/fields.ts';
import { refusalText } from '../shared-ui/refusal-text.ts';
import { askService, newKey } from '../shared-ui/service-client.ts';
import { type Toasts } from '../shared-ui/toasts.ts';
import { type Guest } from './guest.ts';

/** Connects the button that donates. It is there where payments are those of the sandbox alone: others have forms of their own. */
export async function wireDonations(of: {
  readonly channel: string;
  readonly guest: Guest;
  readonly toasts: Toasts;
}): Promise<void> {
  const { channel, guest, toasts } = of;
  const payments = await askService('GET', '/payments');
  if (payments.type !== 'ok' || fieldsOf(payments.body)['realMoney'] !== false) return;
  const [button, dialog] = [
    element('donate', HTMLButtonElement),
    element('donate-dialog', HTMLDialogElement),
  ];
  const name = element('donate-name', HTMLInputElement);
  const amount = element('donate-amount', HTMLInputElement);
  const message = element('donate-message', HTMLInputElement);
  /** Of what is donated now: pressed twice, it is donated once. */
  let key = newKey();
  const say = (text: string): void => {
    setText('donate-problem', text);
    element('donate-problem', HTMLParagraphElement).hidden = text === '';
  };
  button.hidden = false;
  button.addEventListener('click', () => {
    key = newKey();
    name.value = guest.name;
    say('');
    dialog.showModal();
  });
  element('donate-cancel', HTMLButtonElement).addEventListener('click', () => {
    dialog.close();
  });
  whileBusy(element('donate-form', HTMLFormElement), 'submit', async () => {
    const minorUnits = Math.round(Number(amount.value) * 100);
    if (name.value.trim() === '' || !(minorUnits >= 100)) {
      say('Choose a name and an amount of at least €1.');
      return;
    }
    guest.rename(name.value.trim());
    const answer = await guest.ask('POST', `/channels/${channel}/donations`, {
      key,
      body: {
        amount: { minorUnits, currency: 'EUR' },
        message: message.value,
        method: 'sandbox-pays',
      },
    });
    if (answer.type !== 'ok') {
      say(refusalText(answer));
      return;
    }
    message.value = '';
    dialog.close();
    toasts.show(
      'Thank you! The streamer sees it now. This was a trial: no money has moved.',
      'good',
    );
  });
}
