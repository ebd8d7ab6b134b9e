import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type AccessRequest, createHttpGate, type HttpGateOptions } from '@shoal/server';
import { afterEach, describe, expect, it } from 'vitest';

const REQUEST: AccessRequest = {
  ...{ action: 'publish', protocol: 'rtmp', ip: '192.0.2.1', path: 'live/secret-key' },
  ...{ query: 'pass=secret-pass', user: 'ana', password: 'secret-pass', token: '', id: 'rtmp-1' },
};

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** A site that answers so. */
async function site(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/auth`;
}

/** What the gate makes of an answer, and what it says about a failure. */
async function asked(
  listener: RequestListener,
  options: Partial<HttpGateOptions> = {},
  request: AccessRequest = REQUEST,
): Promise<unknown> {
  const gate = createHttpGate({ url: await site(listener), ...options });
  return gate(request).catch((error: unknown) => {
    expect(String(error)).not.toContain('secret');
    return error instanceof Error ? error.message : error;
  });
}

describe('ORG-41: a site that is asked', () => {
  it('gets the shape of MediaMTX, and the token of the operator', async () => {
    let got: unknown;
    let headers: unknown;
    const answer = await asked(
      (request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          got = JSON.parse(Buffer.concat(chunks).toString());
          headers = request.headers;
          response.setHeader('Content-Type', 'application/json');
          response.end('{"channel":"demo","more":1}');
        });
      },
      { token: 'operator' },
    );
    expect(answer).toEqual({ allowed: true, channel: 'demo' });
    expect(got).toEqual(REQUEST);
    expect(headers).toMatchObject({
      authorization: 'Bearer operator',
      'content-type': 'application/json',
    });
  });

  it.each([
    [200, ''],
    [201, 'OK'],
    [204, ''],
    [200, '[]'],
    [200, '{"channel":null}'],
  ])('allows with %i and no channel (%s): it is the one in the name', async (status, body) => {
    const answer = await asked(
      (_request, response) => response.writeHead(status).end(body),
      {},
      { ...REQUEST, path: 'live/demo' },
    );
    expect(answer).toEqual({ allowed: true, channel: 'demo' });
  });

  it('names no channel where the name cannot be one', async () => {
    const path = 'live/a key that is none';
    const answer = await asked((_request, response) => response.end(), {}, { ...REQUEST, path });
    expect(answer).toEqual({
      allowed: false,
      reason: 'allowed to publish, but no channel was named',
    });
  });

  it.each([401, 403])('refuses with %i', async (status) => {
    const answer = await asked((_request, response) => response.writeHead(status).end('no'));
    expect(answer).toEqual({ allowed: false, reason: 'not allowed to publish' });
  });

  it.each([404, 500, 302])('has given no answer with %i', async (status) => {
    let redirected = false;
    const answer = await asked((request, response) => {
      redirected ||= request.url !== '/auth';
      response.writeHead(status, { Location: '/elsewhere' }).end();
    });
    expect(answer).toBe(`the site answered with status ${status}`);
    expect(redirected).toBe(false);
  });

  it('has named a channel that cannot be one', async () => {
    for (const channel of ['a b', 7, ''])
      expect(await asked((_request, response) => response.end(JSON.stringify({ channel })))).toBe(
        'the site named a channel that cannot be one',
      );
  });

  it('is not waited for, neither for its answer nor for the rest of it', async () => {
    const silent = await asked(() => undefined, { timeoutMs: 50 });
    expect(silent).toBe('the site did not answer within 50 ms');
    const slow = await asked(
      (_request, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(' '), 5);
        response.on('close', () => {
          clearInterval(timer);
        });
      },
      { timeoutMs: 50 },
    );
    expect(slow).toBe('the site did not answer within 50 ms');
  });

  it('may not say too much', async () => {
    const answer = await asked((_request, response) => response.end('x'.repeat(20_000)));
    expect(answer).toBe('the answer of the site is too large');
  });

  it('is not there', async () => {
    const url = await site(() => undefined);
    server?.close();
    await expect(createHttpGate({ url })(REQUEST)).rejects.toThrow(
      'no connection to the site (ECONNREFUSED)',
    );
  });

  it('has a URL, and a token that is one; neither is repeated', () => {
    for (const wrong of [
      { url: 'ftp://user:secret@x/' },
      { url: 'secret' },
      { url: 'http://x/', token: 'secret\n' },
    ]) {
      let message = '';
      try {
        createHttpGate(wrong);
      } catch (error) {
        message = error instanceof Error ? error.message : '';
      }
      expect(message).toMatch(/site that is asked/);
      expect(message).not.toContain('secret');
    }
  });
});
