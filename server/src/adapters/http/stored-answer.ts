import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type LiveObject, ORIGIN_LIMITS } from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { type EntityHead, type EntityPart, wantedPart } from './entity.ts';
import { withCredentials } from './guarded-lists.ts';
import { isReplaced, type LivePath, type StoredFiles } from './stored-files.ts';

/** A body that comes from a store: its first bytes, and what follows. */
export type StoredBody = {
  readonly length: number;
  readonly first: Uint8Array | undefined;
  readonly rest: AsyncIterator<Uint8Array> | undefined;
};

/** What a store has for a request. */
export type StoredAnswer = {
  readonly head: EntityHead;
  readonly part: EntityPart;
  readonly body: StoredBody;
};

/**
 * What the store has for a request: undefined when it has nothing, `left` when the reader went meanwhile, which ends the read. The first
 * bytes are there when it resolves: a store that fails does so while the answer can still say it, by rejecting with an `OriginError`
 * (`storage`).
 */
export async function storedAnswer(
  files: StoredFiles,
  wanted: { readonly path: string; readonly live: LivePath },
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<StoredAnswer | undefined | 'left'> {
  const left = new AbortController();
  const leave = (): void => {
    left.abort();
  };
  // Not `destroyed`, which responses of HTTP/2 do not have.
  response.once('close', leave);
  try {
    const answer = await answerWith(files, wanted, { request, left: left.signal });
    if (!left.signal.aborted) return answer;
    answer?.body.rest?.return?.().then(undefined, () => undefined);
    return 'left';
  } catch (error) {
    if (left.signal.aborted) return 'left';
    throw error;
  } finally {
    response.off('close', leave);
  }
}

/** The same for a text in which URLs are to be followed by credentials: read whole. */
export async function storedList(
  files: StoredFiles,
  { path, live }: { readonly path: string; readonly live: LivePath },
  credentials: string,
): Promise<LiveObject | undefined> {
  const file = await files.find(path, live);
  if (file === undefined) return undefined;
  if (file.size > ORIGIN_LIMITS.guardedListBytes)
    throw new OriginError('storage', `${path} is too large to be read whole`);
  const chunks: Uint8Array[] = [];
  const source = file.read(0, file.size);
  for (let next = await source.next(); next.done !== true; next = await source.next())
    chunks.push(next.value);
  return withCredentials({ ...file.head, bytes: Buffer.concat(chunks) }, credentials);
}

async function answerWith(
  files: StoredFiles,
  { path, live }: { readonly path: string; readonly live: LivePath },
  { request, left }: { readonly request: IncomingMessage; readonly left: AbortSignal },
): Promise<StoredAnswer | undefined> {
  for (let tries = isReplaced(live) ? 2 : 1; ; tries--) {
    const file = await files.find(path, live);
    if (file === undefined) return undefined;
    const { head, size } = file;
    const part = wantedPart(request, head, size);
    const length = part.to - part.from;
    if (length === 0 || request.method === 'HEAD' || left.aborted)
      return { head, part, body: { length, first: undefined, rest: undefined } };
    try {
      return {
        head,
        part,
        body: { length, ...(await begin(file.read(part.from, part.to), left)) },
      };
    } catch (error) {
      // It may have been replaced since it was found.
      if (tries === 1) throw error;
    }
  }
}

async function begin(
  rest: AsyncIterator<Uint8Array>,
  left: AbortSignal,
): Promise<Omit<StoredBody, 'length'>> {
  const leave = (): void => {
    rest.return?.().then(undefined, () => undefined);
  };
  left.addEventListener('abort', leave);
  try {
    const result = await rest.next();
    return { first: result.done === true ? undefined : result.value, rest };
  } finally {
    left.removeEventListener('abort', leave);
  }
}
