import { type IncomingMessage } from 'node:http';
import { isAtLeast } from '../../core/index.ts';
import { type Admission } from '../feed/feed-server.ts';
import { type Gate } from './gate.ts';
import { ApiProblem } from './problems.ts';

/**
 * Decides who may read a feed: `/v1/events?channel=ID&audience=viewers|streamer&after=SEQ`. The token is in `Authorization`, or, from browsers,
 * which cannot send that, in `token`. The feed of viewers is for everybody but for a token that is for alerts alone.
 */
export async function admitReader(gate: Gate, request: IncomingMessage): Promise<Admission> {
  const query = new URLSearchParams((request.url ?? '').split('?')[1] ?? '');
  const audience = query.get('audience') ?? 'viewers';
  const after = query.get('after');
  if (audience !== 'viewers' && audience !== 'streamer') return refused(400);
  if (after !== null && !/^\d{1,15}$/.test(after)) return refused(400);
  const token = query.get('token');
  const authorization = token === null ? request.headers.authorization : `Bearer ${token}`;
  try {
    const holder = await gate.holderOf(authorization);
    const ofAlerts = holder.type === 'alerts';
    const actor = ofAlerts ? ({ type: 'anonymous' } as const) : holder;
    const found = await gate.rankIn(query.get('channel') ?? '', actor);
    if (found === undefined) return refused(404);
    if (ofAlerts && (audience !== 'streamer' || holder.channel !== found.id)) return refused(403);
    if (audience === 'streamer' && !ofAlerts && !isAtLeast(found.rank, 'streamer'))
      return refused(actor.type === 'anonymous' ? 401 : 403);
    const feed = { channel: found.id, audience } as const;
    return {
      ...{ type: 'admitted', feed, authorization },
      after: after === null ? undefined : Number(after),
    };
  } catch (error) {
    if (error instanceof ApiProblem) return refused(401);
    throw error;
  }
}

function refused(status: 400 | 401 | 403 | 404): Admission {
  return { type: 'refused', status };
}
