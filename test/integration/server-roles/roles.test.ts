import { expect, it } from 'vitest';
import { ORIGIN_EVENTS_TOPIC, type OriginEvent, parseOriginEvent } from '@shoal/protocol';
import { createClient } from '@redis/client';
import { LintedOrigin } from '../../support/lint/lint-origin.ts';
import { until } from '../../support/until.ts';
import { startS3Server } from '../../support/s3/s3-server.ts';
import { listed, rolesScene } from './roles-scene.ts';

const { redis, folder, ingest, delivery, publish, keep } = rolesScene();

/** All that a client sees of an answer, but when it was given. */
async function seen(
  base: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<object> {
  const response = await fetch(base + path, { headers });
  const body = Buffer.from(await response.arrayBuffer());
  const names = ['content-type', 'etag', 'cache-control', 'content-range', 'content-length'];
  return {
    status: response.status,
    headers: Object.fromEntries(names.map((name) => [name, response.headers.get(name)])),
    body: body.toString('base64'),
  };
}

/** Files that playlists name. */
function named(text: string): readonly string[] {
  return [...text.matchAll(/(?:URI="|^)([\d]+-[\w.]+?\.(?:m4s|mp4))/gm)].flatMap(
    ([, uri]) => uri ?? [],
  );
}

it('ORG-33 ORG-34 delivery processes serve what the ingest does, byte for byte, live, DVR and VOD, over a bucket', async () => {
  const server = await startS3Server();
  keep(server);
  const store = [
    ...['--s3-bucket', server.bucket, '--s3-endpoint', `http://127.0.0.1:${server.port}`],
    '--s3-path-style',
  ];
  const env = {
    SHOAL_ORIGIN_S3_ACCESS_KEY_ID: server.accessKeyId,
    SHOAL_ORIGIN_S3_SECRET_ACCESS_KEY: server.secretAccessKey,
  };
  const shared = await redis();
  const events: OriginEvent[] = [];
  const listener = createClient({ url: shared.url });
  await listener.connect();
  keep({
    close: () => {
      listener.destroy();
    },
  });
  await listener.subscribe(ORIGIN_EVENTS_TOPIC, (text) => {
    const event = parseOriginEvent(text);
    if (event !== undefined) events.push(event);
  });
  const source = await ingest({ redis: shared, dataDir: folder(), args: store, env });
  const nodes = [await delivery(shared, store, env), await delivery(shared, store, env)];
  const [first, second] = nodes;
  if (first === undefined || second === undefined) throw new Error('two nodes');
  const linters = ['index', 'll'].map(
    (playlists) =>
      new LintedOrigin({
        base: () => first.url,
        channel: 'demo',
        playlists: playlists,
      }),
  );
  for (const linter of linters)
    keep({
      close: () => {
        linter.stop();
      },
    });
  const publisher = await publish(source);
  const base = '/live/demo/source/';
  await listed(`${second.url}${base}index.m3u8`, 6);
  expect((await fetch(`${first.url}${base}dvr.m3u8`)).status).toBe(200);

  // While it is live playlists change between two requests: the same version is the same.
  for (const name of ['index.m3u8', 'll.m3u8', 'dvr.m3u8', 'll.m3u8?_HLS_skip=YES'])
    for (const { url } of nodes)
      await until(
        async () => {
          const [ours, theirs] = await Promise.all([
            seen(source.url, base + name),
            seen(url, base + name),
          ]);
          return JSON.stringify(ours) === JSON.stringify(theirs);
        },
        { what: `the same ${name}` },
      );
  const text = await listed(`${source.url}${base}ll.m3u8`, 6);
  const files = named(text).filter((uri) => !text.includes(`HINT:TYPE=PART,URI="${uri}"`));
  expect(files.filter((uri) => /\.\d+\.m4s$/.test(uri)).length).toBeGreaterThan(3);
  for (const uri of files)
    for (const { url } of nodes)
      expect(await seen(url, base + uri)).toEqual(await seen(source.url, base + uri));
  const segment = files.find((uri) => /^\d+-\d+\.m4s$/.test(uri)) ?? '';
  const digests = base + segment.replace('.m4s', '.digests');
  expect(await seen(first.url, digests)).toEqual(await seen(source.url, digests));
  for (const headers of [
    { Range: 'bytes=5-99' },
    { Range: 'bytes=9999999-' },
    { 'If-None-Match': `"${segment}"` },
  ])
    expect(await seen(second.url, base + segment, headers)).toEqual(
      await seen(source.url, base + segment, headers),
    );
  expect(await seen(first.url, '/live/other/index.m3u8')).toMatchObject({
    status: 404,
    headers: { 'cache-control': 'public, max-age=1' },
  });
  expect(await seen(first.url, `${base}1-1.m4s`)).toEqual(await seen(source.url, `${base}1-1.m4s`));

  // A reload that waits is answered with the part at both at once.
  const [, msn, part] =
    /PRELOAD-HINT:.*-(\d+)\.(\d+)\.m4s/.exec(
      await (await fetch(`${source.url}${base}ll.m3u8`)).text(),
    ) ?? [];
  const wanted = `${base}ll.m3u8?_HLS_msn=${String(Number(msn) + 1)}&_HLS_part=${part}`;
  const begun = performance.now();
  const answers = await Promise.all(
    [source.url, first.url, second.url].map((url) => seen(url, wanted)),
  );
  expect(performance.now() - begun).toBeGreaterThan(100);
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
  expect(answers[0]).toMatchObject({ status: 200 });

  // What both served of a segment is one count, at the ingest and everywhere.
  const counted = named(await listed(`${source.url}${base}index.m3u8`, 6)).at(-1) ?? '';
  const size = Buffer.from(
    await (await fetch(`${first.url}${base}${counted}`)).arrayBuffer(),
  ).length;
  await (await fetch(`${second.url}${base}${counted}`)).arrayBuffer();
  type Counted = { readonly msn: number; readonly servedBytes: number; readonly requests: number };
  for (const url of [source.url, first.url, second.url])
    await until(
      async () => {
        const all = (await (
          await fetch(`${url}/v1/streams/demo/delivery`)
        ).json()) as readonly Counted[];
        const of = all.find((entry) => counted.endsWith(`-${entry.msn}.m4s`));
        // The linter fetches each segment once from the first of them.
        return of !== undefined && of.requests >= 2 && of.servedBytes === of.requests * size;
      },
      { what: `two copies of ${counted} at ${url}` },
    );
  expect(await (await fetch(`${first.url}/v1/streams`)).json()).toEqual({
    streams: [{ channel: 'demo', state: 'live' }],
  });

  // Keys that signed what the nodes serve are told by the nodes as well (ORG-22).
  const told = async (url: string, what: string): Promise<unknown> =>
    (await fetch(`${url}/v1/streams/demo/${what}`)).json();
  for (const what of ['playback', 'jobs'])
    expect(await told(first.url, what)).toEqual(await told(source.url, what));
  expect(await told(second.url, 'playback')).toMatchObject({
    signing: { algorithm: 'Ed25519', keys: [{ publicKey: expect.any(String) as string }, {}] },
  });

  const found = await Promise.all(linters.map((linter) => linter.finish()));
  expect(found.flat()).toEqual([]);
  expect(linters.every((linter) => linter.linter().segments.length > 5)).toBe(true);
  const types = events.map(({ type }) => type);
  expect(types[0]).toBe('stream.online');
  expect(types.filter((type) => type === 'segment.ready').length).toBeGreaterThan(5);

  await publisher.stop();
  type Listing = { readonly recordings: readonly { readonly playlist?: string }[] };
  const recordings = async (url: string): Promise<Listing> =>
    (await (await fetch(`${url}/v1/streams/demo/recordings`)).json()) as Listing;
  await until(
    async () =>
      (await recordings(source.url)).recordings.some(({ playlist }) => playlist !== undefined),
    {
      what: 'the recording',
      timeoutMs: 60_000,
    },
  );
  const vod = (await recordings(source.url)).recordings[0]?.playlist ?? '';
  await until(
    async () =>
      JSON.stringify(await recordings(second.url)) === JSON.stringify(await recordings(source.url)),
    {
      what: 'the recording at the other node',
    },
  );
  const media = vod.replace('/demo/', '/demo/source/');
  for (const path of [vod, media, '/live/demo/recordings.json', `${base}dvr.m3u8`])
    for (const { url } of nodes)
      await until(
        async () =>
          JSON.stringify(await seen(url, path)) === JSON.stringify(await seen(source.url, path)),
        {
          what: `the same ${path}`,
        },
      );
  const whole = await (await fetch(first.url + media)).text();
  expect(whole).toContain('#EXT-X-ENDLIST');
  for (const uri of named(whole))
    expect(await seen(first.url, base + uri)).toEqual(await seen(source.url, base + uri));
  expect(await Promise.all([first.stop(), second.stop(), source.command.stop()])).toEqual([
    0, 0, 0,
  ]);
});
