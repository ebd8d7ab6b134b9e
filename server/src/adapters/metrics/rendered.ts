import { type Registry } from 'prom-client';

/** What a scrape is answered. */
export type RenderedMetrics = { readonly type: string; readonly text: string };

/** As Prometheus reads it. */
export async function render(registry: Registry): Promise<RenderedMetrics> {
  return { type: registry.contentType, text: await registry.metrics() };
}
