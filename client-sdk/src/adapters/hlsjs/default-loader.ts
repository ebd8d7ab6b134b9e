import type { LoaderCallbacks, LoaderContext } from 'hls.js';

/**
 * Callbacks to give to the player's own loader, which is typed for any context: they pass on the
 * `context` that the player made. Optional ones stay absent, since their presence means something.
 */
export function withContext<Context extends LoaderContext>(
  context: Context,
  callbacks: LoaderCallbacks<Context>,
): LoaderCallbacks<LoaderContext> {
  const { onAbort, onProgress } = callbacks;
  return {
    onSuccess: (...[response, stats, , details]) => {
      callbacks.onSuccess(response, stats, context, details);
    },
    onError: (...[error, , details, stats]) => {
      callbacks.onError(error, context, details, stats);
    },
    onTimeout: (stats, _context, details) => {
      callbacks.onTimeout(stats, context, details);
    },
    ...(onAbort && {
      onAbort: (stats, _context, details) => {
        onAbort(stats, context, details);
      },
    }),
    ...(onProgress && {
      onProgress: (...[stats, , data, details]) => {
        onProgress(stats, context, data, details);
      },
    }),
  } satisfies LoaderCallbacks<LoaderContext>;
}
