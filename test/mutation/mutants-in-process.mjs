// @ts-check
// What vitest runs tests by: all mutants in one process. Stryker writes all of them into the files, and which one is
// active is a variable. To load NestJS anew for each takes seconds; the tests that reach it take milliseconds.
import { TestRunner } from 'vitest';
import { noteTry, readCoverage, readTries, writeCoverage } from './notes.mjs';

/** The names are Stryker's: the code that it writes into the files reads and fills these. */
const stryker = /** @type {Record<string, any>} */ (Reflect.get(globalThis, '__stryker__') ?? {});
Reflect.set(globalThis, '__stryker__', stryker);

/** First, without mutants, notes which test reaches which; then tries each with the tests that do, until one notices. */
export default class MutantsInProcess extends TestRunner {
  #coverage = readCoverage();
  #tries = readTries();
  /** @type {import('./notes.mjs').Coverage['tests']} */
  #tests = [];
  /** The mutants that the test reaches, and how often. @type {[mutant: string, hits: number][]} */
  #plan = [];

  /** @override @param {import('vitest').RunnerTestCase} test */
  async onBeforeRunTask(test) {
    await super.onBeforeRunTask(test);
    const reached = Object.entries(this.#coverage?.perTest[idOf(test)] ?? {});
    this.#plan = reached.filter(([mutant]) => !this.#tries.get(mutant)?.noticed);
    // And once more without one, which must pass: what a mutant left behind would be taken for what the next one did.
    test.repeats = this.#plan.length;
  }

  /** @override @param {import('vitest').RunnerTestCase} test @param {{ repeats: number }} [count] */
  onBeforeTryTask(test, { repeats } = { repeats: 0 }) {
    super.onBeforeTryTask(test);
    const [mutant, hits = 0] = this.#plan[repeats] ?? [];
    if (mutant !== undefined) this.#note({ mutant, test: idOf(test) });
    // Reached far more often than without it, a mutant made a loop endless; Stryker's code throws then.
    Object.assign(stryker, { activeMutant: mutant, hitCount: 0, hitLimit: 1_000 + 20 * hits });
    stryker['currentTestId'] = this.#coverage ? undefined : idOf(test);
  }

  /** @param {import('vitest').RunnerTestCase} test @param {{ repeats: number }} count */
  onAfterRetryTask(test, { repeats }) {
    const { hitCount, hitLimit } = stryker;
    Object.assign(stryker, { activeMutant: undefined, currentTestId: undefined });
    const [mutant] = this.#plan[repeats] ?? [];
    if (mutant === undefined || !test.result) return;
    const isEndless = hitCount > hitLimit;
    if (isEndless || test.result.state === 'fail') {
      const message = String(test.result.errors?.[0]?.message);
      this.#note({ mutant, test: idOf(test), noticed: isEndless ? 'timeout' : 'killed', message });
    }
    Object.assign(test.result, { state: 'run', errors: undefined });
  }

  /** @override @param {import('vitest').RunnerTestCase} test */
  onAfterRunTask(test) {
    super.onAfterRunTask(test);
    this.#tests.push({ id: idOf(test), name: idOf(test), timeSpentMs: test.result?.duration ?? 0, status: 0 });
  }

  /** @override */
  onAfterRunFiles() {
    super.onAfterRunFiles();
    if (this.#coverage) return;
    const { static: always = {}, perTest = {} } = stryker['mutantCoverage'] ?? {};
    writeCoverage({ tests: this.#tests, static: always, perTest });
  }

  /** @param {import('./notes.mjs').Try} one */
  #note(one) {
    this.#tries.set(one.mutant, one);
    noteTry(one);
  }
}

/** @param {import('vitest').RunnerTestCase} test */
function idOf(test) {
  const names = [test.name];
  for (let { suite } = test; suite; suite = suite.suite) names.unshift(suite.name);
  return `${test.file.name} ${names.join(' ')}`;
}
