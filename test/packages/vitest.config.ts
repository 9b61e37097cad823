import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** `npm run packages`: apart from `npm test`, since it installs from the registry. */
export default defineConfig({
  test: {
    include: ['test/packages/**/*.proof.ts'],
    globalSetup: join(import.meta.dirname, 'setup.ts'),
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
