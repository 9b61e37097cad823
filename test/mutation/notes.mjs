// @ts-check
// What the tests' process writes down for Stryker's: which test reaches which mutant, and what became of each try.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * One try of a mutant: written down when it begins, and when a test has noticed it. One that began and did not end hangs.
 * @typedef {{ mutant: string, test: string, noticed?: 'killed' | 'timeout', message?: string }} Try
 */

/** @typedef {Record<string, number>} Hits how often each mutant's code was reached */
/** @typedef {{ tests: { id: string, name: string, timeSpentMs: number, status: 0 }[], static: Hits, perTest: Record<string, Hits> }} Coverage */

export const NOTES = join(import.meta.dirname, '../../node_modules/.mutation-notes');
const COVERAGE = join(NOTES, 'coverage.json');
const TRIES = join(NOTES, 'tries.jsonl');

/** @returns {Coverage | undefined} undefined before the run without mutants */
export function readCoverage() {
  return existsSync(COVERAGE) ? /** @type {Coverage} */ (JSON.parse(readFileSync(COVERAGE, 'utf8'))) : undefined;
}

/** @param {Coverage} coverage */
export function writeCoverage(coverage) {
  writeFileSync(COVERAGE, JSON.stringify(coverage));
}

/** @returns {Map<string, Try>} what is known of each mutant that was tried, by its id; the last try is the last */
export function readTries() {
  /** @type {Map<string, Try>} */
  const tries = new Map();
  const lines = existsSync(TRIES) ? readFileSync(TRIES, 'utf8').split('\n').filter(Boolean) : [];
  for (const one of lines.map((line) => /** @type {Try} */ (JSON.parse(line)))) {
    tries.delete(one.mutant);
    tries.set(one.mutant, one);
  }
  return tries;
}

/** @param {Try} one */
export function noteTry(one) {
  appendFileSync(TRIES, `${JSON.stringify(one)}\n`);
}
