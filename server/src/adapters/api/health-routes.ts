import { z } from 'zod';
import { type ChannelId } from '@shoal/protocol';
import { healthOf } from '../../core/index.ts';
import { askOrigin } from './ask-origin.ts';
import { type Api, type ApiParts } from './parts.ts';
import { notFound } from './problems.ts';

const OF_CHANNEL = z.object({ channel: z.string() });
const HEALTH = z.object({
  status: z.enum(['good', 'ok', 'bad', 'none']).describe('`none` without a stream'),
  issues: z.array(
    z.object({
      type: z.string(),
      severity: z.enum(['info', 'warning', 'error']),
      reason: z.string(),
      description: z.string().describe('For the streamer'),
    }),
  ),
  viewers: z
    .object({ reporting: z.number(), troubled: z.number() })
    .describe('Who said in the last minute how playback goes, and who of them had trouble'),
  measured: z.record(z.string(), z.unknown()).describe('What the origin measures of the stream'),
});

const NO_HEALTH: z.output<typeof HEALTH> = {
  ...{ status: 'none', issues: [], measured: {} },
  viewers: { reporting: 0, troubled: 0 },
};

/** How streams are, for their streamers. */
export function healthRoutes(app: Api, { gate, broadcasts: parts }: ApiParts): void {
  const { table, viewers, report } = parts;
  const health = async (channel: ChannelId): Promise<z.output<typeof HEALTH>> => {
    const stream = await table.stream(channel);
    if (stream?.state !== 'online') return NO_HEALTH;
    const of = await askOrigin(() => report(channel, 'health'));
    const share = await viewers.share(channel);
    const { status, issues } = healthOf(of, share);
    const measured = Object.fromEntries(
      Object.entries(of ?? {}).filter(([name]) => name !== 'status' && name !== 'issues'),
    );
    return {
      ...{ status, issues: issues.map((issue) => ({ ...issue })), measured },
      viewers: { reporting: share.viewers, troubled: share.troubled },
    };
  };
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/health',
    ...gate.needs('streamer'),
    schema: {
      summary: 'How the stream of the channel is, and what can be done about it',
      params: OF_CHANNEL,
      response: { 200: HEALTH },
    },
    handler: (request) => health(gate.channel(request).id),
  });
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/broadcasts/:broadcast/health',
    ...gate.needs('streamer'),
    schema: {
      summary: 'How the stream of a broadcast is',
      params: z.object({ channel: z.string(), broadcast: z.string().max(100) }),
      response: { 200: HEALTH },
    },
    handler: async (request) => {
      const { id } = gate.channel(request);
      const row = await table.find(id, request.params.broadcast);
      if (row === undefined) throw notFound('broadcast');
      return row.state === 'live' || row.state === 'testing' ? health(id) : NO_HEALTH;
    },
  });
}
