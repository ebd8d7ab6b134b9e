import { type IncomingMessage } from 'node:http';
import { type FeedAudience } from '@shoal/protocol';
import { type FeedId, isAtLeast } from '../../core/index.ts';
import { type Admission, type Speaker } from '../feed/feed-server.ts';
import { type Gate } from './gate.ts';
import { ApiProblem } from './problems.ts';

type Asked = {
  readonly channel: string;
  readonly audience: FeedAudience;
  readonly authorization: string | undefined;
};

/**
 * Decides who may read a feed: `/v1/events?channel=ID&audience=viewers|streamer&after=SEQ`. The token is in `Authorization`, or, from browsers,
 * which cannot send that, in `token`. The feed of viewers is for everybody but for a token that is for alerts alone.
 * With `watching=0` the reader does not count as a viewer.
 */
export async function admitReader(gate: Gate, request: IncomingMessage): Promise<Admission> {
  const query = new URLSearchParams((request.url ?? '').split('?')[1] ?? '');
  const audience = query.get('audience') ?? 'viewers';
  const after = query.get('after');
  if (audience !== 'viewers' && audience !== 'streamer') return refused(400);
  if (after !== null && !/^\d{1,15}$/.test(after)) return refused(400);
  const token = query.get('token');
  const authorization = token === null ? request.headers.authorization : `Bearer ${token}`;
  const channel = query.get('channel') ?? '';
  const feed = await feedFor(gate, { channel, audience, authorization });
  if (typeof feed === 'number') return refused(feed);
  return {
    ...{ type: 'admitted', feed, authorization },
    watches: query.get('watching') !== '0',
    after: after === null ? undefined : Number(after),
  };
}

/** Whether somebody who reads a feed may do so still. */
export async function mayRead(
  gate: Gate,
  { feed, authorization }: Pick<Speaker, 'feed' | 'authorization'>,
): Promise<boolean> {
  return typeof (await feedFor(gate, { ...feed, authorization })) !== 'number';
}

async function feedFor(
  gate: Gate,
  { channel, audience, authorization }: Asked,
): Promise<FeedId | 401 | 403 | 404> {
  try {
    const holder = await gate.holderOf(authorization);
    const ofAlerts = holder.type === 'alerts';
    const actor = ofAlerts ? ({ type: 'anonymous' } as const) : holder;
    const found = await gate.rankIn(channel, actor);
    if (found === undefined) return 404;
    if (ofAlerts && (audience !== 'streamer' || holder.channel !== found.id)) return 403;
    if (audience === 'streamer' && !ofAlerts && !isAtLeast(found.rank, 'streamer'))
      return actor.type === 'anonymous' ? 401 : 403;
    return { channel: found.id, audience };
  } catch (error) {
    if (error instanceof ApiProblem) return 401;
    throw error;
  }
}

function refused(status: 400 | 401 | 403 | 404): Admission {
  return { type: 'refused', status };
}
