import { z } from 'zod';
import { CHAT_LIMITS, type Rank } from '../../core/index.ts';
import { type Reported, type ReportRow } from '../database/report-table.ts';
import { NEXT, PAGE_QUERY, readPage, writeCursor } from './paging.ts';
import { type Api, type ApiParts } from './parts.ts';
import { ApiProblem, notFound } from './problems.ts';
import { MESSAGE, shownMessage } from './shown-message.ts';
import { ID, line } from './texts.ts';

const OWN = {
  id: z.string(),
  message: z.string(),
  reason: z.string(),
  at: z.number(),
};
const MADE = z.object(OWN);
const REPORT = z.object({
  ...OWN,
  reporter: z.string(),
  resolvedAt: z.number().nullable(),
  resolvedBy: z.string().nullable(),
  about: MESSAGE.nullable().describe('The message; null when it is so old that it is not kept'),
});

/** Reports of messages to the moderators of a channel. */
export function reportRoutes(app: Api, parts: ApiParts): void {
  const { gate, now, newId } = parts;
  const { messages, reports } = parts.chat;
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/reports',
    ...gate.needs('viewer'),
    schema: {
      summary: 'Reports a message; a second report of the same viewer is the first',
      params: z.object({ channel: z.string() }),
      body: z.object({
        message: ID,
        reason: line(CHAT_LIMITS.reasonLength).default(''),
      }),
      response: { 200: MADE, 201: MADE },
    },
    handler: async (request, reply) => {
      const { id: channel } = gate.channel(request);
      const { message, reason } = request.body;
      const reporter = gate.userId(request);
      if ((await messages.find(channel, message)) === undefined) throw notFound('message');
      const before = await reports.findOf(message, reporter);
      if (before !== undefined) return reply.code(200).send(own(before));
      if ((await reports.openOf(channel, reporter)) >= CHAT_LIMITS.openReports)
        throw new ApiProblem(429, {
          code: 'too-many-reports',
          detail: `${CHAT_LIMITS.openReports} reports are waiting for a moderator`,
        });
      const row: ReportRow = {
        ...{ id: newId(), channel, message, reporter, reason, at: now() },
        ...{ resolved_at: null, resolved_by: null },
      };
      const made = await reports.insert(row);
      await reports.trim(channel, CHAT_LIMITS.keptReports);
      if (made) return reply.code(201).send(own(row));
      return reply.code(200).send(own((await reports.findOf(message, reporter)) ?? row));
    },
  });
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/reports',
    ...gate.needs('moderator'),
    schema: {
      summary: 'Reports, newest first',
      params: z.object({ channel: z.string() }),
      querystring: PAGE_QUERY.extend({
        open: z.enum(['true', 'false']).default('false').describe('Only those not resolved'),
      }),
      response: { 200: z.object({ reports: z.array(REPORT), next: NEXT }) },
    },
    handler: async (request) => {
      const { id, rank } = gate.channel(request);
      const open = request.query.open === 'true';
      const { rows, next } = await reports.list(id, readPage(request.query), { open });
      return { reports: rows.map((row) => shown(row, rank)), next: writeCursor(next) };
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/reports/:report/resolve',
    ...gate.needs('moderator'),
    schema: {
      summary: 'Resolves a report; one that is resolved stays so',
      params: z.object({ channel: z.string(), report: ID }),
      response: { 200: REPORT },
    },
    handler: async (request) => {
      const { id, rank } = gate.channel(request);
      const by = gate.userId(request);
      const row = await reports.resolve(id, request.params.report, { by, at: now() });
      if (row === undefined) throw notFound('report');
      return shown(row, rank);
    },
  });
}

function own({ id, message, reason, at }: ReportRow): z.output<typeof MADE> {
  return { id, message, reason, at };
}

function shown({ report, message }: Reported, rank: Rank): z.output<typeof REPORT> {
  return {
    ...own(report),
    ...{ reporter: report.reporter, resolvedAt: report.resolved_at },
    resolvedBy: report.resolved_by,
    about: message === undefined ? null : shownMessage(message, rank),
  };
}
