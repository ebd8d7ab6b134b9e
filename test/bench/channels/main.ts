import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { launchChromium } from '../../support/chromium.ts';
import { median } from '../../support/percentile.ts';
import { startCpuMeter } from '../chromium/cpu-meter.ts';
import { type Range, whole } from '../whole-number.ts';
import { installMeshPage, type Traffic } from './mesh-page.ts';

/** What data channels alone cost: a full mesh of pages that exchange a stream's bytes and do nothing else. */

const HELP = `npm run bench:channels -- [options]

Measures the CPU time that Chromium takes to pass 1.2 Mbit/s around a full mesh of pages by bare
data channels: no engine, no hashing, no video. What an engine costs cannot be less.

  --viewers N   pages, 2-16; default 8
  --rounds N    of every kind of traffic, interleaved, 1-9; default 3
  --seconds N   measured of each, 4-60; default 12
  --json        one JSON line instead of a table
  --help

Linux only. Exit code 0, 1 when something failed, 2 for options that make no sense.
`;
const SETTLE_MS = 2_500;
/** Pieces of a segment of 2 s. */
const PIECES = 19;
const PIECE_BYTES = 16_000;

type Kind = { readonly name: string; readonly traffic: Traffic | undefined };

/** Each viewer takes one part of a segment from each other one, as where every one owns a stripe. */
function kindsFor(viewers: number): readonly Kind[] {
  const each = PIECES / viewers;
  const pieces: Traffic = { requests: each, burst: 1, pieceBytes: PIECE_BYTES, small: 0 };
  return [
    { name: 'connected, and silent', traffic: undefined },
    { name: 'pieces, one request each', traffic: pieces },
    { name: '+ 14 small frames', traffic: { ...pieces, small: 14 } },
    { name: '+ 28 small frames', traffic: { ...pieces, small: 28 } },
    { name: 'pieces, four to a request', traffic: { ...pieces, requests: each / 4, burst: 4 } },
    {
      name: 'pieces of 32 KB',
      traffic: { ...pieces, requests: each / 2, pieceBytes: 2 * PIECE_BYTES },
    },
  ];
}

const options = readOptions();
if (typeof options === 'string') {
  process.stderr.write(`${options}\n\n${HELP}`);
  process.exitCode = 2;
} else if (options === undefined) process.stdout.write(HELP);
else await measure(options);

async function measure(wanted: {
  readonly viewers: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly json: boolean;
}): Promise<void> {
  const { viewers, rounds, seconds } = wanted;
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>mesh</title>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const browser = await launchChromium();
  try {
    const pages: Page[] = [];
    for (let i = 0; i < viewers; i++) {
      // A context of its own, hence a process of its own.
      const page = await (await browser.newContext()).newPage();
      // The loader of this program names functions by a helper that no page has.
      await page.addInitScript({ content: 'globalThis.__name = (named) => named;' });
      await page.addInitScript(installMeshPage);
      await page.goto(`http://127.0.0.1:${port}/`);
      await page.waitForFunction(() => globalThis.meshPage !== undefined);
      pages.push(page);
    }
    await mesh(pages);
    const kinds = kindsFor(viewers);
    const seen = kinds.map((): number[] => []);
    for (let round = 0; round < rounds; round++)
      for (const [k, { name, traffic }] of kinds.entries()) {
        process.stderr.write(`round ${round + 1} of ${rounds}: ${name}\n`);
        await Promise.all(
          pages.map((page) => page.evaluate((t) => globalThis.meshPage?.run(t), traffic)),
        );
        await sleep(SETTLE_MS);
        const cpu = await startCpuMeter();
        await sleep(seconds * 1000);
        const ms = await cpu.stop();
        if (ms === undefined) throw new Error('no /proc to read CPU times from');
        seen[k]?.push(ms / seconds / 10 / viewers);
      }
    print(
      kinds.map(({ name }, k) => ({ name, percents: seen[k] ?? [] })),
      wanted,
    );
  } finally {
    await browser.close();
    server.close();
  }
}

/** Connects every page to every other one. */
async function mesh(pages: readonly Page[]): Promise<void> {
  for (const [i, page] of pages.entries())
    for (const [j, other] of pages.entries()) {
      if (j <= i) continue;
      const offer = await page.evaluate((n) => globalThis.meshPage?.offer(n), j);
      const answer = await other.evaluate(({ n, sdp }) => globalThis.meshPage?.answer(n, sdp), {
        n: i,
        sdp: offer ?? '',
      });
      await page.evaluate(({ n, sdp }) => globalThis.meshPage?.accept(n, sdp), {
        n: j,
        sdp: answer ?? '',
      });
    }
  for (const page of pages)
    await page.waitForFunction((n) => globalThis.meshPage?.isOpen(n), pages.length - 1);
}

function print(
  results: readonly { readonly name: string; readonly percents: readonly number[] }[],
  { viewers, json }: { readonly viewers: number; readonly json: boolean },
): void {
  const rows = results.map(({ name, percents }) => ({ name, percent: median(percents) ?? 0 }));
  if (json) {
    process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), viewers, rows })}\n`);
    return;
  }
  const base = rows[0]?.percent ?? 0;
  process.stdout.write('| traffic of a viewer in 2 s | % of a core | above silence |\n');
  process.stdout.write('| --- | ---: | ---: |\n');
  for (const { name, percent } of rows)
    process.stdout.write(`| ${name} | ${percent.toFixed(1)} | ${(percent - base).toFixed(1)} |\n`);
}

/** The options, undefined for help, or what is wrong with them. */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        viewers: { type: 'string', default: '8' },
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '12' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return undefined;
    const number = (name: 'viewers' | 'rounds' | 'seconds', range: Range): number => {
      const read = whole(name, values[name], range);
      if (!read.ok) throw new Error(read.error);
      return read.value;
    };
    return {
      viewers: number('viewers', { from: 2, to: 16 }),
      rounds: number('rounds', { from: 1, to: 9 }),
      seconds: number('seconds', { from: 4, to: 60 }),
      json: values.json,
    };
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}
