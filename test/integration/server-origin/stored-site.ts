import { type DeliveryRecord } from '@shoal/server';
import { isToCome, type ObjectStore, type SegmentStore } from '@shoal/server/core';
import { createHttpApp } from '../../../server/src/adapters/http/app.ts';
import { emptyReport } from '../server-roles/empty-report.ts';
import {
  StoredFiles,
  type StoredFilesLimits,
} from '../../../server/src/adapters/http/stored-files.ts';
import { createMemoryStore } from '../../../server/src/adapters/storage/memory-store.ts';

const KEPT = { lowLatency: false, recorded: true } as const;

/** The HTTP side of an origin over a store, and what it told. */
export class StoredSite {
  readonly live: ObjectStore = createMemoryStore();
  readonly delivered: DeliveryRecord[] = [];
  readonly served: number[] = [];
  readonly failures: unknown[] = [];
  expectsMedia = false;
  requests = 0;
  #app: Awaited<ReturnType<typeof createHttpApp>> | undefined;
  port = 0;

  static async start(
    store: SegmentStore,
    limits?: Partial<StoredFilesLimits>,
    tls?: { readonly cert: string; readonly key: string },
  ): Promise<StoredSite> {
    const site = new StoredSite();
    const app = await createHttpApp(
      {
        live: {
          store: site.live,
          stored: new StoredFiles(store, limits),
          onStoreFailed: (_path, error) => site.failures.push(error),
          expects: (live) => isToCome(live, { ...KEPT, expectsMedia: site.expectsMedia }),
          served: (_channel, _id, bytes) => site.served.push(bytes),
          onDelivered: (record) => site.delivered.push(record),
          now: () => 0,
        },
        channels: () => [],
        report: (_channel, field) => emptyReport()[field],
        healthy: () => true,
        onError: (error) => site.failures.push(error),
      },
      { ...(tls !== undefined && { tls }) },
    );
    app.server.on('request', () => (site.requests += 1));
    site.#app = app;
    site.port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
    return site;
  }

  async close(): Promise<void> {
    await this.#app?.close();
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url(path), { headers });
  }

  async bytes(path: string, headers: Record<string, string> = {}): Promise<Buffer> {
    return Buffer.from(await (await this.get(path, headers)).arrayBuffer());
  }
}
