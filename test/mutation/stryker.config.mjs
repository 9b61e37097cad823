// @ts-check
// In parts, since a mutant of what is evaluated when a file loads costs a run of all its part's tests: they are tried where
// those are few, and left out where they are many.
import { part } from './parts.mjs';

export default {
  mutate: part.mutate,
  ignoreStatic: part.ignoreStatic,
  testRunner: 'one-process',
  plugins: ['./test/mutation/stryker-runner.mjs'],
  inPlace: true,
  coverageAnalysis: 'perTest',
  concurrency: 1,
  // The runner itself ends what hangs.
  timeoutMS: 600_000,
  dryRunTimeoutMinutes: 120,
  tempDirName: 'node_modules/.stryker',
  reporters: ['clear-text'],
  clearTextReporter: { allowColor: false, reportTests: false },
  thresholds: { high: 95, low: 85, break: 85 },
};
