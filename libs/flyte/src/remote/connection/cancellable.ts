/**
 * Values that a caller may stop reading at any time: leaving the loop ends what is asked of Flyte, also while nothing
 * arrives. A generator alone would notice at its next value only.
 *
 * @param make reads the values until its signal fires; called for each reader
 * @param signals that end it too
 */
export function cancellable<T>(
  make: (signal: AbortSignal) => AsyncGenerator<T, void>,
  ...signals: readonly (AbortSignal | undefined)[]
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const reader = new AbortController();
      const given = signals.filter((signal) => signal !== undefined);
      const values = make(AbortSignal.any([reader.signal, ...given]));
      let left = false;
      return {
        async next() {
          try {
            return await values.next();
          } catch (error) {
            if (left) return { done: true, value: undefined };
            throw error;
          }
        },
        async return() {
          left = true;
          reader.abort();
          // What the cancelled call fails with concerns nobody any more.
          await values.return().catch(() => undefined);
          return { done: true, value: undefined };
        },
      };
    },
  };
}
