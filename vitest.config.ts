import { configDefaults, defineConfig } from 'vitest/config';

const UNITS = 'libs/*/src/**/*.spec.ts';
/** They have a module in another one's place (`vi.mock`): for as long as the process lasts, and only where nobody had loaded it. */
const MOCKING = ['libs/flyte/src/storage/*.spec.ts', 'libs/flyte/src/remote/run-streams.spec.ts'];

export default defineConfig({
  test: {
    setupFiles: ['test/support/no-pattern-in-match-object.ts'],
    // Where to stop what hangs. No assertion: a busy machine takes many times as long as an idle one.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'units',
          include: [UNITS],
          exclude: [...configDefaults.exclude, ...MOCKING],
          // A process of its own for each file would take three times as long: most of that loads the same modules again.
          isolate: false,
          setupFiles: ['test/support/leave-nothing-behind.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'apart',
          include: ['test/**/*.spec.ts', ...MOCKING],
          // Those need Python: `npm run test:interop`.
          exclude: [...configDefaults.exclude, 'test/interop/**'],
        },
      },
    ],
  },
});
