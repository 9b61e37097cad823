import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** The tests that Stryker runs: of auth, secrets and redaction, and those alone, for each of its hundreds of mutants. */
export default defineConfig({
  test: {
    root: join(import.meta.dirname, '../..'),
    include: [
      'libs/flyte/src/secrets/*.spec.ts',
      'libs/flyte/src/auth/*.spec.ts',
      'libs/flyte/src/images/{redactor,secret-source}.spec.ts',
      'libs/flyte-local/src/execution/redactor.spec.ts',
      'test/auth/*.spec.ts',
      'test/transports/{ws,socket-io,grpc,graphql}.spec.ts',
    ],
    exclude: ['test/auth/concurrency.spec.ts'],
    setupFiles: ['test/support/no-pattern-in-match-object.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
  },
});
