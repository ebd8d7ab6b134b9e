import { type Logger } from 'pino';
import { type AccessGate } from '../../core/index.ts';
import { type LiveRoutesPorts } from '../http/live-routes.ts';
import { Viewers } from './viewers.ts';

/** Between two lines about a site that cannot be asked. */
const LOG_MS = 10_000;

/** Who may play, where not everybody may; nothing where everybody may, so that it costs nothing. */
export function viewersOf(
  { access }: { readonly access?: { readonly read?: AccessGate } },
  log: Pick<Logger, 'error'>,
): Pick<LiveRoutesPorts, 'mayPlay'> {
  if (access?.read === undefined) return {};
  let loggedAt = -Infinity;
  const viewers = new Viewers({
    gate: access.read,
    now: Date.now,
    onError: (err) => {
      // Every viewer finds it out.
      if (performance.now() - loggedAt < LOG_MS) return;
      loggedAt = performance.now();
      log.error({ err }, 'it cannot be asked who may play');
    },
  });
  return { mayPlay: (viewer) => viewers.mayPlay(viewer) };
}
