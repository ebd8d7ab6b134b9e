/** What can be compared; the number of a tuned one is its `highDemandTimeWindow` in seconds. */
export const ENGINE_IDS = [
  'plain',
  'p2p-media-loader',
  'p2p-media-loader-tuned-2',
  'p2p-media-loader-tuned-3',
  'p2p-media-loader-tuned-4',
  'shoal',
] as const;

/** One of {@link ENGINE_IDS}. */
export type EngineId = (typeof ENGINE_IDS)[number];

/** Whether `text` names an engine. */
export function isEngineId(text: string): text is EngineId {
  return ENGINE_IDS.some((id) => id === text);
}

/** The `highDemandTimeWindow` of a tuned engine, in seconds; undefined for one as it comes. */
export function tuningOf(id: EngineId): number | undefined {
  const seconds = /-tuned-(\d+)$/.exec(id)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}

/** Whether it is p2p-media-loader, as it comes or tuned. */
export function isStock(id: EngineId): boolean {
  return id.startsWith('p2p-media-loader');
}
