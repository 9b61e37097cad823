// @ts-check
// In parts, since what is evaluated when a file loads costs a run of all its part's tests: such mutants are tried where the
// tests are quick, and left out where they start apps.
import { part } from './parts.mjs';

export default {
  mutate: part.mutate,
  ignoreStatic: part.ignoreStatic,
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  plugins: ['@stryker-mutator/vitest-runner'],
  inPlace: true,
  buildCommand: 'npm run -s build',
  coverageAnalysis: 'perTest',
  concurrency: 1,
  // Added to what a test took without a mutant: a loop that a mutant made endless costs as much each time.
  timeoutMS: 10_000,
  dryRunTimeoutMinutes: 30,
  tempDirName: 'node_modules/.stryker',
  reporters: ['clear-text'],
  clearTextReporter: { allowColor: false, reportTests: false },
  thresholds: { high: 95, low: 85, break: 85 },
};
