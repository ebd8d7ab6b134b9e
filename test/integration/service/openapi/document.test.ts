import { Validator } from '@seriousme/openapi-schema-validator';
import Fastify from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { openService } from '@shoal/server';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestService } from '../test-service.ts';
import { type ApiDocument, operationsOf } from './document.ts';

/** What operators ask, and the document itself. */
const BESIDE = ['GET /healthz', 'GET /metrics', 'GET /openapi.json', 'GET /readyz'];

async function start(): Promise<TestService> {
  const service = await TestService.start();
  onTestFinished(() => service.close());
  return service;
}

it('API-8 the document is OpenAPI 3.1', async () => {
  const service = await start();
  const { body } = await service.call('GET', '/openapi.json');
  const { valid, errors } = await new Validator().validate(body as Record<string, unknown>);
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  expect((body as { readonly openapi: string }).openapi).toBe('3.1.0');
});

it('API-8 every route of the API is in the document, and every route of the document is there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-openapi-'));
  const database = { type: 'sqlite', file: join(folder, 'shoal.db') } as const;
  const service = await openService({ database, logLevel: 'silent' });
  const app = Fastify();
  onTestFinished(async () => {
    await app.close();
    await service.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const routes: string[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat())
      if (one !== 'HEAD') routes.push(`${one} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
  });
  await service.mount(app);
  await app.ready();
  const { body } = await app.inject('/openapi.json').then((answer) => ({
    body: answer.json<ApiDocument>(),
  }));
  const described = operationsOf(body).map(({ name }) => name);
  const own = routes.filter((route) => !BESIDE.includes(route));
  expect(described.sort()).toEqual(own.sort());
  expect(routes.filter((route) => BESIDE.includes(route))).toEqual(['GET /openapi.json']);
});

it('API-8 every route says who may, and how it refuses', async () => {
  const service = await start();
  const { body } = await service.call('GET', '/openapi.json');
  const { paths } = body as ApiDocument;
  for (const [path, methods] of Object.entries(paths))
    for (const [method, { description, security, responses }] of Object.entries(methods)) {
      expect(description, `${method} ${path}`).toMatch(
        /^For: (anonymous|viewer|moderator|streamer|admin) and above\.$/,
      );
      expect(security, `${method} ${path}`).toBeDefined();
      expect(Object.keys(responses['4XX']?.content ?? {})).toEqual(['application/problem+json']);
    }
});

it('OPS-4 its own server has the probes too', async () => {
  const service = await start();
  for (const route of BESIDE) {
    const [, path = ''] = route.split(' ');
    const answer = await fetch(`http://127.0.0.1:${service.port}${path}`, {
      headers: { Authorization: `Bearer ${service.admin}` },
    });
    expect([route, answer.status]).toEqual([route, 200]);
  }
});
