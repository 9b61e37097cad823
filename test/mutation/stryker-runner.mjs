// @ts-check
// Stryker's plugin that runs the tests: for all mutants in one process of vitest (`mutants-in-process.mjs`); a mutant that
// is evaluated when a file loads gets a process of its own.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { NOTES, noteTry, readCoverage, readTries } from './notes.mjs';

/** Names the variable by which a mutant is active in all of a process: Stryker's. */
const ALONE = '__STRYKER_ACTIVE_MUTANT__';
/** How long files may take to load, on a busy machine too. */
const LOADING_MS = 300_000;
/** How long a try may take, or what comes between two: then a mutant made it hang. */
const TRY_MS = 90_000;

/**
 * Runs the part's tests until they end or hang.
 *
 * @param {string[]} args @param {Record<string, string>} [env]
 * @returns {Promise<{ code: number | null, said: string }>} no code where they hung
 */
function vitest(args, env) {
  const command = ['vitest', 'run', '--config', 'test/mutation/vitest.config.ts', '--bail', '1', ...args];
  const child = spawn('npx', ['--no-install', ...command], { env: { ...process.env, ...env }, detached: true });
  const kill = () => void (child.pid && child.exitCode === null && process.kill(-child.pid, 'SIGKILL'));
  process.once('exit', kill);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)));
  return new Promise((done) => {
    let [sign, since, patience] = [JSON.stringify(lastTry()), Date.now(), LOADING_MS];
    const watch = setInterval(() => {
      const now = JSON.stringify(lastTry());
      if (now !== sign) [sign, since, patience] = [now, Date.now(), TRY_MS];
      else if (Date.now() - since > patience) kill();
    }, 1_000);
    child.on('close', (code) => {
      clearInterval(watch);
      process.off('exit', kill);
      done({ code, said });
    });
  });
}

const lastTry = () => [...readTries().values()].at(-1);

/** @type {ReturnType<typeof readTries> | undefined} */
let tries;

/** Stryker asks for one mutant after the other, and gets what was found out before that. */
const runner = {
  capabilities: () => ({ reloadEnvironment: true }),

  async dryRun() {
    rmSync(NOTES, { recursive: true, force: true });
    mkdirSync(NOTES);
    const first = await vitest([]);
    const coverage = readCoverage();
    if (first.code !== 0 || !coverage) return { status: 'error', errorMessage: first.said };
    for (let code = null; code !== 0;) {
      let said = '';
      // A rejection that nobody handles is noticed by no test.
      // oxlint-disable-next-line no-await-in-loop -- goes on where one hung
      ({ code, said } = await vitest(['--dangerouslyIgnoreUnhandledErrors']));
      const last = lastTry();
      if (code === null && last && !last.noticed) noteTry({ ...last, noticed: 'timeout' });
      else if (code !== 0) return { status: 'error', errorMessage: said };
    }
    const { tests, ...mutantCoverage } = coverage;
    return { status: 'complete', tests, mutantCoverage };
  },

  /** @param {{ activeMutant: { id: string }, mutantActivation: 'runtime' | 'static' }} options */
  async mutantRun({ activeMutant: { id }, mutantActivation }) {
    if (mutantActivation === 'static') {
      const { code, said } = await vitest([], { [ALONE]: id });
      if (code === 0) return { status: 'survived', nrOfTests: 1 };
      if (code === null) return { status: 'timeout' };
      return { status: 'killed', killedBy: [], nrOfTests: 1, failureMessage: said.slice(-2_000) };
    }
    tries ??= readTries();
    const { noticed, test = '', message = '' } = tries.get(id) ?? {};
    if (noticed === 'timeout') return { status: 'timeout', reason: test };
    if (noticed === 'killed') return { status: 'killed', killedBy: [test], nrOfTests: 1, failureMessage: message };
    return { status: 'survived', nrOfTests: 1 };
  },
};

export const strykerPlugins = [{ kind: 'TestRunner', name: 'one-process', factory: () => runner }];
