/**
 * Resolves with the reason to stop: SIGINT, SIGTERM, or the first part that failed. A second signal ends the process at
 * once, so that nobody has to wait for a shutdown that hangs.
 */
export function untilStopped(failures: readonly Promise<Error>[]): Promise<'SIGINT' | 'SIGTERM' | Error> {
  return new Promise((resolve) => {
    const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
      process.once(signal, () => process.exit(130));
      resolve(signal);
    };
    process.once('SIGINT', onSignal);
    process.once('SIGTERM', onSignal);
    for (const failure of failures) void failure.then(resolve);
  });
}
