import { join } from 'node:path';
import { mergeConfig } from 'vitest/config';
import base from '../../vitest.config.js';
import { part } from './parts.mjs';

const root = join(import.meta.dirname, '../..');

/** The tests that are to notice the mutants of a part, in one process. A promise that a mutant left pending costs the time-out. */
const test = { root, isolate: false, fileParallelism: false, testTimeout: 60_000 };
/** But for a mutant that has a process of its own. */
const runner = process.env['__STRYKER_ACTIVE_MUTANT__']
  ? undefined
  : join(import.meta.dirname, 'mutants-in-process.mjs');
const config = mergeConfig(base, { test });
export default { ...config, test: { ...config.test, projects: undefined, include: part.tests, runner } };
