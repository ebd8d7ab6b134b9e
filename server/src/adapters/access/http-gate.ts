import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { parseChannelId } from '@shoal/protocol';
import {
  type AccessAnswer,
  type AccessGate,
  type AccessRequest,
  ORIGIN_LIMITS,
} from '../../core/index.ts';
import { OriginError } from '../../errors.ts';

/** A site that decides who may publish and play. */
export type HttpGateOptions = {
  /** Where it is asked by POST, `http://` or `https://`. */
  readonly url: string;
  /** Shown to it as a bearer token (RFC 6750). Default: none. */
  readonly token?: string;
  /** Until its answer is there, whole. Default 5,000. */
  readonly timeoutMs?: number;
  /** Of its answer. Default 16,384. */
  readonly maxAnswerBytes?: number;
};

/** The answer of a site. */
type Answer = { readonly status: number; readonly body: string };

const TOKEN = /^[\x21-\x7e]{1,4096}$/;

/**
 * Asks a site by POST, as MediaMTX does (its `authHTTPAddress`): user, password, token, ip, action, path, protocol, id and query in JSON.
 * Any 20x allows; the channel is `channel` of the answer where that is JSON and has one, else the one that is called as in `live/NAME`.
 * 401 and 403 refuse. Everything else is no answer, a redirect included. Throws an `OriginError` (`bad-options`) for what cannot be asked.
 */
export function createHttpGate(options: HttpGateOptions): AccessGate {
  const { token, timeoutMs = ORIGIN_LIMITS.accessMs } = options;
  const maxBytes = options.maxAnswerBytes ?? ORIGIN_LIMITS.accessAnswerBytes;
  // None of it is repeated: there may be a password in it.
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new OriginError('bad-options', 'the site that is asked needs an http:// or https:// URL');
  if (token !== undefined && !TOKEN.test(token))
    throw new OriginError('bad-options', 'the token for the site that is asked is none');
  const ask = poster(url, { ...(token !== undefined && { token }), timeoutMs, maxBytes });
  return async (request) => {
    const { user, password, token: shown, ip, action, path, protocol, id, query } = request;
    const body = { user, password, token: shown, ip, action, path, protocol, id, query };
    const { status, body: answer } = await ask(JSON.stringify(body));
    if (status === 401 || status === 403)
      return { allowed: false, reason: `not allowed to ${action}` };
    if (status < 200 || status > 299) throw new Error(`the site answered with status ${status}`);
    return allowed(request, answer);
  };
}

function allowed({ path, action }: AccessRequest, answer: string): AccessAnswer {
  const named = channelIn(answer);
  const channel = parseChannelId(named ?? path.slice(path.indexOf('/') + 1));
  if (channel.ok) return { allowed: true, channel: channel.value };
  // What it said, or the name, may be secret.
  if (named !== undefined) throw new Error('the site named a channel that cannot be one');
  return { allowed: false, reason: `allowed to ${action}, but no channel was named` };
}

function channelIn(answer: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('channel' in value)) return undefined;
  if (value.channel === undefined || value.channel === null) return undefined;
  return typeof value.channel === 'string' ? value.channel : '';
}

/** Sends bodies to one URL, over connections that are kept. */
function poster(
  url: URL,
  limits: { readonly token?: string; readonly timeoutMs: number; readonly maxBytes: number },
): (body: string) => Promise<Answer> {
  const secure = url.protocol === 'https:';
  const pool = { keepAlive: true, maxSockets: ORIGIN_LIMITS.accessConnections };
  const agent = secure ? new HttpsAgent(pool) : new HttpAgent(pool);
  const { token, timeoutMs, maxBytes } = limits;
  const send = (body: string, again: boolean): Promise<Answer> =>
    new Promise<Answer>((resolve, reject) => {
      const sent = (secure ? requestHttps : requestHttp)(url, {
        ...{ method: 'POST', agent },
        headers: {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        },
      });
      const over = (): void => {
        clearTimeout(timer);
      };
      const fail = (why: string): void => {
        over();
        reject(new Error(why));
        sent.destroy();
      };
      const timer = setTimeout(() => {
        fail(`the site did not answer within ${timeoutMs} ms`);
      }, timeoutMs);
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // A connection that was kept, and that the site has ended just now.
        if (again && sent.reusedSocket && error.code === 'ECONNRESET') {
          over();
          resolve(send(body, false));
          return;
        }
        fail(`no connection to the site (${error.code ?? 'error'})`);
      });
      sent.on('response', (response) => {
        readAll(response, maxBytes).then(
          (text) => {
            over();
            resolve({ status: response.statusCode ?? 0, body: text });
          },
          (error: unknown) => {
            fail(error instanceof Error ? error.message : String(error));
          },
        );
      });
      sent.end(body);
    });
  return (body) => send(body, true);
}

async function readAll(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error('the answer of the site is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
