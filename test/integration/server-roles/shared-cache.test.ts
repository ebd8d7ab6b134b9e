import { expect, it } from 'vitest';
import { CachingProxy } from '../../support/caching-proxy.ts';
import { listed, rolesScene } from './roles-scene.ts';

const { redis, folder, ingest, delivery, publish, keep } = rolesScene();

const LL = '/live/demo/source/ll.m3u8';

async function text(url: string): Promise<string> {
  const response = await fetch(url);
  expect(response.status, url).toBe(200);
  return response.text();
}

function hinted(playlist: string): { readonly msn: number; readonly part: number } {
  const [, msn, part] = /PRELOAD-HINT:.*-(\d+)\.(\d+)\.m4s/.exec(playlist) ?? [];
  return { msn: Number(msn), part: Number(part) };
}

it('ORG-36 behind a shared cache two hundred players that wait for a part are one request, and get that part', async () => {
  const shared = await redis();
  const source = await ingest({ redis: shared, dataDir: folder() });
  const node = await delivery(shared);
  await publish(source);
  await listed(`${node.url}${LL}`, 9);
  const cache = keep(await CachingProxy.start(node.url));
  for (let turn = 0; turn < 6; turn++) {
    // The plain URL is not to be kept: it is another one with every part.
    const { msn, part } = hinted(await text(cache.url + LL));
    const url = `${LL}?_HLS_msn=${msn}&_HLS_part=${part}`;
    const before = cache.passed.length;
    const all = await Promise.all(Array.from({ length: 200 }, () => text(cache.url + url)));
    expect(cache.passed.slice(before)).toEqual([url]);
    expect(new Set(all).size).toBe(1);
    expect(all[0]).toContain(`-${msn}.${part}.m4s"`);
    // Whoever comes late with the same URL needs no more than that version.
    expect(await text(cache.url + url)).toBe(all[0]);
    expect(cache.passed.length).toBe(before + 1);
    const delta = await text(`${cache.url}${url}&_HLS_skip=YES`);
    expect(delta).not.toBe(all[0]);
  }
  const { msn } = hinted(await text(cache.url + LL));
  const plain = hinted(await text(cache.url + LL)).msn;
  expect(plain).toBeGreaterThanOrEqual(msn);
  // Segments and parts stay, with or without a query that means nothing; so does what is missing, for a second.
  const [part] = /[\d]+-\d+\.\d+\.m4s/.exec(await text(node.url + LL)) ?? [];
  const before = cache.passed.length;
  for (let i = 0; i < 5; i++)
    await (await fetch(`${cache.url}/live/demo/source/${String(part)}`)).arrayBuffer();
  expect(cache.passed.length).toBe(before + 1);
  const [one, other] = await Promise.all(
    ['', '?_=1&viewer=2'].map((query) =>
      fetch(`${node.url}/live/demo/source/${String(part)}${query}`),
    ),
  );
  expect(other?.headers.get('etag')).toBe(one?.headers.get('etag'));
  expect(await other?.text()).toBe(await one?.text());
  // What may be otherwise in a moment is kept by nobody.
  for (const query of ['?_HLS_msn=99999999', '?_HLS_part=1', '?_HLS_msn=x']) {
    const refused = await fetch(node.url + LL + query);
    expect([refused.status, refused.headers.get('cache-control')]).toEqual([400, 'no-store']);
  }
});
