import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { makePythonEnvironment } from './support/python-environment.js';

/**
 * `npm run test:interop`: Flyte's Python SDK, its command and FastAPI with its middleware, against what this repository makes.
 * Apart from `npm test`, since it needs Python and installs from PyPI. Where that is not to be had, nothing is tried, and one
 * line says why; with INTEROP=require that is a failure.
 */
export default defineConfig(async () => {
  const missing = await makePythonEnvironment();
  if (missing && process.env['INTEROP'] === 'require') throw new Error(`INTEROP=require, but ${missing}`);
  if (missing) process.stderr.write(`skipped: the Python SDK beside this one: ${missing}\n`);
  return {
    test: {
      include: missing ? [] : ['test/interop/**/*.spec.ts'],
      passWithNoTests: missing !== undefined,
      globalSetup: missing ? [] : [join(import.meta.dirname, 'setup.ts')],
      // Where to stop what hangs. No assertion: Python takes seconds to start on a busy machine.
      testTimeout: 120_000,
      hookTimeout: 120_000,
      expect: { poll: { timeout: 60_000 } },
      // Each file has a plane, a Python process and tasks of its own.
      maxWorkers: 2,
    },
  };
});
