import { plainSharing } from '@shoal/client-sdk/core';
import { originSegment } from './builders.ts';
import { EngineDriver } from './engine-driver.ts';

/**
 * A viewer in the middle of a broadcast: segment 10 was played out of HTTP, 11 is needed next, 8 s
 * are buffered, and the tracker has let it in. Without chance, unless `random` brings it.
 */
export function watchingViewer(
  options: ConstructorParameters<typeof EngineDriver>[0] = {},
): EngineDriver {
  const driver = new EngineDriver({ random: () => 0, ...options });
  driver.list([originSegment(10)]);
  return watching(driver);
}

/** The same of a channel whose playlists carry no digests. */
export function plainViewer(
  options: ConstructorParameters<typeof EngineDriver>[0] = {},
): EngineDriver {
  const driver = new EngineDriver({ random: () => 0, plain: plainSharing, ...options });
  driver.listPlain([originSegment(10)]);
  return watching(driver);
}

/** Lets a viewer that knows of segment 10 play it and join. */
function watching(driver: EngineDriver): EngineDriver {
  driver.demand(originSegment(10));
  driver.answerAll();
  driver.play(11, 8_000);
  driver.join();
  driver.advance(100);
  driver.play(11, 8_000);
  driver.forget();
  return driver;
}
