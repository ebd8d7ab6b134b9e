import { type LookupAddress } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type LookupFunction } from 'node:net';
import { type Attempt, HOOK_LIMITS } from '../../core/index.ts';
import { readTarget, resolveTarget, type WebhookPolicy } from './target.ts';

/** What is sent. */
export type Post = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/**
 * Sends a body to a receiver that is guarded against (HOOK-3): to an address that was checked, without following redirects, in bounded
 * time. Of the answer only the status is taken. Never rejects.
 */
export async function post(
  of: Post,
  { policy, signal }: { readonly policy: WebhookPolicy; readonly signal: AbortSignal },
): Promise<Attempt> {
  // Not AbortSignal.any over AbortSignal.timeout: Node 20 may collect such a signal before its time comes.
  const broken = new AbortController();
  const breakOff = (): void => {
    broken.abort();
  };
  const aborted = new Promise<Attempt>((resolve) => {
    broken.signal.addEventListener('abort', () => {
      resolve({ type: 'failed', reason: 'the receiver did not answer in time' });
    });
  });
  const timer = setTimeout(breakOff, HOOK_LIMITS.requestMs);
  signal.addEventListener('abort', breakOff, { once: true });
  if (signal.aborted) breakOff();
  try {
    return await Promise.race([aborted, send(of, policy, broken.signal)]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', breakOff);
  }
}

async function send(of: Post, policy: WebhookPolicy, signal: AbortSignal): Promise<Attempt> {
  const url = readTarget(of.url, policy);
  if (!url.ok) return { type: 'failed', reason: url.error };
  const addresses = await resolveTarget(url.value, policy);
  if (!addresses.ok) return { type: 'failed', reason: addresses.error };
  if (signal.aborted) return { type: 'failed', reason: 'broken off' };
  return exchange({ ...of, to: url.value }, addresses.value, signal);
}

function exchange(
  of: Post & { readonly to: URL },
  addresses: readonly LookupAddress[],
  signal: AbortSignal,
): Promise<Attempt> {
  const { to, headers, body } = of;
  const request = to.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    const sent = request(to, {
      method: 'POST',
      headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
      // A connection of its own, to what was checked.
      agent: false,
      lookup: answer(addresses),
      signal,
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ type: 'failed', reason: `no connection (${error.code ?? 'error'})` });
    });
    sent.on('response', (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      resolve({ type: 'answered', status, retryAfterMs: secondsOf(answered['retry-after']) });
      let bytes = 0;
      response.on('error', () => undefined);
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > HOOK_LIMITS.responseBytes) response.destroy();
      });
    });
    sent.end(body);
  });
}

/** Answers whoever would resolve the name with what was checked. */
function answer(addresses: readonly LookupAddress[]): LookupFunction {
  return (_hostname, { all }, callback) => {
    const [first] = addresses;
    if (all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };
}

function secondsOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : undefined;
}
