import { refusalText } from '../shared-ui/refusal-text.ts';
import {
  askService,
  type ServiceAnswer,
  type ServiceRequest,
} from '../shared-ui/service-client.ts';
import { type Toasts } from '../shared-ui/toasts.ts';

/** Somebody who runs a channel, and what says so. */
export type StudioSession = {
  readonly channel: string;
  readonly token: string;
  readonly toasts: Toasts;
  /** Asks about the channel; `path` is what follows its id. */
  readonly ask: (
    method: Parameters<typeof askService>[0],
    path: string,
    request?: Omit<ServiceRequest, 'token'>,
  ) => Promise<ServiceAnswer>;
  /** The same; what is refused is told in plain words, and undefined. */
  readonly get: (
    ...asked: Parameters<StudioSession['ask']>
  ) => Promise<Extract<ServiceAnswer, { type: 'ok' }> | undefined>;
};

/** Opens one. */
export function studioSession(of: {
  readonly channel: string;
  readonly token: string;
  readonly toasts: Toasts;
}): StudioSession {
  const { channel, token, toasts } = of;
  const ask: StudioSession['ask'] = (method, path, request = {}) =>
    askService(method, `/channels/${channel}${path}`, { ...request, token });
  return {
    ...of,
    ask,
    get: async (...asked) => {
      const answer = await ask(...asked);
      if (answer.type === 'ok') return answer;
      toasts.show(refusalText(answer));
      return undefined;
    },
  };
}
