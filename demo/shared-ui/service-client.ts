import { fieldsOf, textOf } from './fields.ts';

const TIMEOUT_MS = 10_000;

/** An answer of the broadcast service. */
export type ServiceAnswer =
  | { readonly type: 'ok'; readonly body: unknown; readonly etag: string | undefined }
  | {
      readonly type: 'refused';
      readonly status: number;
      /** As `slow-mode`; empty where there is none. */
      readonly code: string;
      readonly detail: string;
      /** After which it may be tried again, where the service says so. */
      readonly retryMs: number | undefined;
    }
  | { readonly type: 'unreachable' };

/** Where it went wrong. */
export type ServiceFailure = Exclude<ServiceAnswer, { type: 'ok' }>;

/** What is asked with a request. */
export type ServiceRequest = {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly ifMatch?: string | undefined;
  /** Makes a POST that is made again happen once. */
  readonly key?: string;
};

/** Asks the broadcast service of this page; whatever goes wrong is a value. */
export async function askService(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  { token, body, ifMatch, key }: ServiceRequest = {},
): Promise<ServiceAnswer> {
  try {
    const response = await fetch(`/v1${path}`, {
      ...{ method, cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) },
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(ifMatch !== undefined && { 'if-match': ifMatch }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed: unknown = text === '' ? undefined : JSON.parse(text);
    if (response.ok)
      return { type: 'ok', body: parsed, etag: response.headers.get('etag') ?? undefined };
    const { code, detail } = fieldsOf(parsed);
    const retry = response.headers.get('retry-after');
    return {
      ...{ type: 'refused', status: response.status },
      ...{ code: textOf(code), detail: textOf(detail) },
      retryMs: retry !== null && /^\d+$/.test(retry) ? Number(retry) * 1000 : undefined,
    };
  } catch {
    return { type: 'unreachable' };
  }
}

/** Something that nobody makes twice; `crypto.randomUUID` is only there on localhost and over TLS. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
