import { once } from 'node:events';
import { sidesOf, type Row } from '../figures.js';
import { inPairs } from '../pairs.js';
import { PlaneRuns } from '../plane-runs.js';
import { start } from '../processes.js';
import { ended, startScript, timed } from '../shell.js';

const RUNS = 20;

/** What the local control plane does around a process. */
export const runs: Row = {
  name: 'runs',
  about: 'Runs of a shell script on the local control plane, and the script alone as a child process',
  async measure({ nodes, rounds, tell }) {
    if (process.platform === 'win32') {
      tell({ what: 'all', where: 'everywhere', why: 'There is no /bin/sh.' });
      return;
    }
    for (const node of nodes) {
      // oxlint-disable no-await-in-loop
      await using plane = await start('plane', { node: node.path });
      const own = new PlaneRuns(plane.url, await plane.ask<string>('token', 'alice'));
      const many = await inPairs(
        rounds,
        () => each(async () => own.finished(await own.create())),
        () => each(() => ended(startScript())),
      );
      const where = `Node ${node.major}`;
      tell({
        ...{ what: `${RUNS} runs at once, runs per second ÷ processes per second`, where },
        values: many.map(([a, b]) => b / a),
        sides: sidesOf(
          many.map(([a]) => RUNS / a),
          many.map(([, b]) => RUNS / b),
          'per second',
        ),
      });
      const lines = await inPairs(
        rounds,
        () => timed(async () => own.firstLine(await own.create())),
        () => timed(() => once(startScript().stdout, 'data')),
      );
      tell({
        ...{ what: 'from the call of CreateRun to the first line of the log', where, unit: 'ms' },
        values: lines.map(([a]) => a * 1e3),
        sides: sidesOf(
          lines.map(([a]) => a * 1e3),
          lines.map(([, b]) => b * 1e3),
          'ms',
          1,
        ),
      });
      // oxlint-enable no-await-in-loop
    }
  },
};

async function each(one: () => Promise<unknown>): Promise<number> {
  return timed(() => Promise.all(Array.from({ length: RUNS }, one)));
}
