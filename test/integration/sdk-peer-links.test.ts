import { LIMITS, type Signal } from '@shoal/protocol';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import type { HttpOrigin } from '../unit/client-sdk/adapters/http-origin.ts';
import { keepRaw } from './sdk-support/keep-raw.ts';
import type { LinkEvent } from './sdk-support/link-page.ts';
import { launchChromium } from '../support/chromium.ts';
import { bundlePage, startSite } from './sdk-support/site.ts';

let browser: Browser;
let site: HttpOrigin;
let ann: Page;
let bob: Page;
const relayed: Signal[] = [];

beforeAll(async () => {
  site = await startSite(await bundlePage('link-page.ts'));
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await site.close();
});

beforeEach(async () => {
  relayed.length = 0;
  [ann, bob] = await Promise.all([openPage(() => bob), openPage(() => ann)]);
});

afterEach(async () => {
  await Promise.all([ann.context().close(), bob.context().close()]);
});

async function openPage(other: () => Page): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.exposeFunction('relay', async (signal: Signal) => {
    relayed.push(signal);
    // The other page may be gone by now, which is what a tracker would find too.
    await other()
      .evaluate((it) => {
        window.links.signal(it);
      }, signal)
      .catch(() => {});
  });
  await page.addInitScript(keepRaw);
  await page.goto(site.url);
  await page.waitForFunction(() => 'links' in window);
  return page;
}

function events(page: Page): Promise<readonly LinkEvent[]> {
  return page.evaluate(() => window.links.events);
}

async function saw(page: Page, type: LinkEvent['type'], times = 1): Promise<void> {
  await until(async () => (await events(page)).filter((e) => e.type === type).length >= times, {
    what: `${times} × ${type}`,
    timeoutMs: 20_000,
  });
}

async function connect(): Promise<void> {
  await bob.evaluate(() => {
    window.links.connect(false);
  });
  await ann.evaluate(() => {
    window.links.connect(true);
  });
  await Promise.all([saw(ann, 'open'), saw(bob, 'open')]);
}

describe('links over WebRTC in Chromium', () => {
  it('open at both ends by trickled signals of the wire shape, and carry frames both ways in order', async () => {
    await connect();
    expect(relayed.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['offer', 'answer', 'candidate']),
    );
    await ann.evaluate(() => {
      window.links.send(100, { count: 20 });
    });
    await bob.evaluate((length) => {
      window.links.send(length);
    }, LIMITS.digestFrameBytes);
    await Promise.all([saw(bob, 'frame', 20), saw(ann, 'frame')]);
    const frames = (await events(bob)).filter((event) => event.type === 'frame');
    expect(frames).toEqual(
      Array.from({ length: 20 }, (_, i) => ({ type: 'frame', length: 100, first: i + 1 })),
    );
    expect(await events(ann)).toContainEqual({
      type: 'frame',
      length: LIMITS.digestFrameBytes,
      first: 1,
    });
  });

  it('SWM-9 say once that a piece has left, and nothing of the kind after other frames', async () => {
    await connect();
    await ann.evaluate((length) => {
      window.links.send(10);
      window.links.send(length, { piece: true });
    }, LIMITS.peerFrameBytes);
    await saw(ann, 'drained');
    await saw(bob, 'frame', 2);
    await ann.evaluate(() => {
      window.links.send(20);
    });
    await saw(bob, 'frame', 3);
    expect((await events(ann)).filter(({ type }) => type === 'drained')).toHaveLength(1);
  });

  it('open before the first frame is passed on, also when the other side talks at once', async () => {
    await connect();
    await ann.evaluate(() => {
      window.links.send(10);
    });
    await saw(bob, 'frame');
    expect((await events(bob)).map(({ type }) => type)).toEqual(['open', 'frame']);
  });

  it.each(['oversize', 'text', 'second-channel'] as const)(
    'PEER-3 are closed by the receiver of %s, and both ends learn of it',
    async (what) => {
      await connect();
      await ann.evaluate((it) => {
        window.links.sendRaw(it);
      }, what);
      await Promise.all([saw(ann, 'closed'), saw(bob, 'closed')]);
      expect((await events(bob)).map(({ type }) => type)).toEqual(['open', 'closed']);
    },
  );

  it('PEER-9 are closed once the last words have left', async () => {
    await connect();
    await ann.evaluate(() => {
      window.links.send(60_000, { count: 5 });
      window.links.send(2);
      window.links.disconnect();
      window.links.send(3);
    });
    await Promise.all([saw(ann, 'closed'), saw(bob, 'closed')]);
    const frames = (await events(bob)).filter((event) => event.type === 'frame');
    expect(frames.map(({ length }) => length)).toEqual([60_000, 60_000, 60_000, 60_000, 60_000, 2]);
    expect((await events(ann)).filter(({ type }) => type === 'closed')).toHaveLength(1);
  });

  it('are closed when more than 1 MiB waits to be sent', async () => {
    await connect();
    await ann.evaluate(() => {
      window.links.send(65_000, { count: 40 });
    });
    await Promise.all([saw(ann, 'closed'), saw(bob, 'closed')]);
  });

  it('end for the other side when a page closes all links at once, and at once for itself', async () => {
    await connect();
    await ann.evaluate(() => {
      window.links.closeAll();
    });
    await saw(bob, 'closed');
    expect((await events(ann)).map(({ type }) => type)).toEqual(['open', 'closed']);
  });

  it('end for the other side when a page is left', async () => {
    await connect();
    await ann.goto('about:blank');
    await saw(bob, 'closed');
  });

  it('are given up when they do not open in time', async () => {
    await ann.evaluate(() => {
      window.links.connect(true, 200);
    });
    await saw(ann, 'closed');
    expect(await events(ann)).toEqual([{ type: 'closed' }]);
  });

  it('close on signals that cannot be used, and never throw', async () => {
    for (const sdp of ['', 'garbage', 'v=0\r\nm=application 9 x y\r\n']) {
      await bob.evaluate((bad) => {
        window.links.events.length = 0;
        window.links.connect(false);
        window.links.signal({ kind: 'offer', sdp: bad });
      }, sdp);
      if (sdp !== '') await saw(bob, 'closed');
    }
    await bob.evaluate(() => {
      window.links.connect(false);
      for (let i = 0; i < 100; i++)
        window.links.signal({
          kind: 'candidate',
          candidate: `candidate:${i}`,
          sdpMid: '0',
          sdpMLineIndex: 0,
        });
    });
  });

  it('survive candidates that are none', async () => {
    await connect();
    await bob.evaluate(() => {
      window.links.signal({ kind: 'candidate', candidate: 'x', sdpMid: '0', sdpMLineIndex: 0 });
    });
    await ann.evaluate(() => {
      window.links.send(10);
    });
    await saw(bob, 'frame');
  });
});
