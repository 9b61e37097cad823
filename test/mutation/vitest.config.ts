import { join } from 'node:path';
import { mergeConfig } from 'vitest/config';
import base from '../../vitest.config.js';
import { part } from './parts.mjs';

const root = join(import.meta.dirname, '../..');
const alias = Object.fromEntries(Object.entries(part.alias ?? {}).map(([name, file]) => [name, join(root, file)]));

/** The tests that Stryker runs for each of its hundreds of mutants: those that are to notice, and no others. */
const config = mergeConfig(base, { test: { root }, resolve: { alias } });
export default { ...config, test: { ...config.test, include: part.tests } };
