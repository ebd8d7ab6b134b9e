import { createHash, createHmac, type Hash } from 'node:crypto';
import { type IncomingMessage } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';

/** What signs is known to all. */
export type Keys = { readonly accessKeyId: string; readonly secretAccessKey: string };

/** SHA-256, or with a secret its HMAC, as Amazon's signer wants it. */
class Sha256 {
  #hash: Hash;
  readonly #begin: () => Hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = typeof secret === 'string' || secret === undefined ? secret : bytesOf(secret);
    this.#begin = () =>
      key === undefined ? createHash('sha256') : (createHmac('sha256', key) as unknown as Hash);
    this.#hash = this.#begin();
  }

  reset(): void {
    this.#hash = this.#begin();
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}

/**
 * Whether a request is signed with these keys (AWS Signature Version 4), as Amazon's own signer has it: what it makes of the request,
 * with the headers that the request says are signed, is the signature that it came with.
 */
export async function isSigned(request: IncomingMessage, keys: Keys): Promise<boolean> {
  const { authorization = '', host = '' } = request.headers;
  const said = /Credential=[^/]+\/\d+\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+),/.exec(
    authorization,
  );
  const date = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(
    String(request.headers['x-amz-date']),
  );
  if (said === null || date === null) return false;
  const [, region = '', names = ''] = said;
  const [, year, month, day, hour, minute, second] = date;
  const signingDate = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Math.abs(Date.now() - signingDate.getTime()) > 900_000) return false;
  const url = new URL(`http://${host}${request.url ?? ''}`);
  const signer = new SignatureV4({
    ...{ service: 's3', region, credentials: keys, sha256: Sha256 },
    ...{ uriEscapePath: false, applyChecksum: false },
  });
  const headers = names.split(';').map((name) => [name, String(request.headers[name])] as const);
  const signed = await signer.sign(
    {
      method: request.method ?? '',
      ...{ protocol: url.protocol, hostname: url.hostname, path: url.pathname },
      query: Object.fromEntries(url.searchParams),
      headers: Object.fromEntries(headers),
    },
    { signingDate },
  );
  return signed.headers['authorization'] === authorization;
}

function bytesOf(view: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(view)
    ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    : new Uint8Array(view);
}
