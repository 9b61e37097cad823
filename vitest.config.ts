import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['libs/*/src/**/*.spec.ts', 'test/**/*.spec.ts'],
    // Those need Python: `npm run test:interop`.
    exclude: [...configDefaults.exclude, 'test/interop/**'],
    setupFiles: ['test/support/no-pattern-in-match-object.ts'],
    // Where to stop what hangs. No assertion: a busy machine takes many times as long as an idle one.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
