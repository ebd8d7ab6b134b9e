import { SegmentFetches } from '../../../client-sdk/src/adapters/http/fetch-segment.ts';

declare global {
  /** Fetches byte ranges of one URL at the same time; how many bytes came of each, -1 for a failure. */
  var fetchRanges: (
    url: string,
    ranges: readonly { readonly from: number; readonly to: number }[],
  ) => Promise<readonly number[]>;
}

window.fetchRanges = (url, ranges) =>
  new Promise((resolve) => {
    const received = ranges.map(() => 0);
    let open = ranges.length;
    const fetches = new SegmentFetches({
      fetch: (...request) => fetch(...request),
      now: () => performance.now(),
      onTransfer: () => {},
      input: (input) => {
        if (input.type === 'fetch-data')
          received[input.fetch] = (received[input.fetch] ?? 0) + input.bytes.length;
        if (input.type === 'fetch-failed') received[input.fetch] = -1;
        if ((input.type === 'fetch-failed' || input.type === 'fetch-end') && --open === 0)
          resolve(received);
      },
    });
    for (const [fetch, range] of ranges.entries()) fetches.start({ fetch, url, range });
  });
