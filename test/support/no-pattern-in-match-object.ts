import { expect } from 'vitest';

// `toMatchObject` compares a pattern with a text as two objects, and passes for any text. The linter sees the patterns that are
// written there; this sees those that come in a variable.
expect.addEqualityTesters([
  (received: unknown, expected: unknown) => {
    if (expected instanceof RegExp && !(received instanceof RegExp))
      throw new Error(
        `${String(expected)} is compared as an object here, not matched: write expect.stringMatching(...)`,
      );
    return undefined;
  },
]);
