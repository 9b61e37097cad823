import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** `npm run test:flyte`: apart from `npm test`, since it asks whichever Flyte the environment names. */
export default defineConfig({
  test: {
    include: ['test/flyte/*.target.ts'],
    globalSetup: join(import.meta.dirname, 'setup.ts'),
    // Where to stop what hangs. No assertion: a cluster may pull images for minutes.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 120_000, interval: 200 } },
    // Much of the time is spent waiting for somebody else's machine.
    maxConcurrency: 4,
  },
});
