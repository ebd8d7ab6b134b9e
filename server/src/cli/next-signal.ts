const SAME_SIGNAL_MS = 1_000;

/** The first SIGINT or SIGTERM; a later one ends the process at once. npm passes the terminal's Ctrl+C on, so that one comes twice. */
export function nextSignal(): Promise<void> {
  return new Promise((done) => {
    let firstAt: number | undefined;
    const onSignal = (): void => {
      firstAt ??= performance.now();
      if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(130);
      done();
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  });
}
