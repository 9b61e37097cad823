import type { Discovery } from '../apps/discovery.js';
import { sidesOf, type Row } from '../figures.js';
import { inPairs } from '../pairs.js';
import { start } from '../processes.js';

const [CLASSES, TASKS_EACH] = [100, 10];

interface Bootstrap {
  readonly ms: number;
  readonly cpuMs: number;
  readonly tasks: number;
}

/** What many tasks cost when an app starts. */
export const discovery: Row = {
  name: 'discovery',
  about: `A module of ${CLASSES * TASKS_EACH} tasks declared and started, and the same module without the decorators`,
  async measure({ nodes, rounds, tell }) {
    for (const node of nodes) {
      const side = (decorated: boolean) => async (): Promise<Bootstrap> => {
        const given: Discovery = { classes: CLASSES, tasksEach: TASKS_EACH, decorated };
        await using app = await start('discovery', { node: node.path, given });
        const found = await app.ask<Bootstrap>('bootstrap');
        const expected = decorated ? CLASSES * TASKS_EACH : 0;
        if (found.tasks !== expected) throw new Error(`${found.tasks} tasks were found, not ${expected}`);
        return found;
      };
      // oxlint-disable-next-line no-await-in-loop
      const pairs = await inPairs(rounds, side(true), side(false));
      for (const of of ['ms', 'cpuMs'] as const) {
        tell({
          ...{ what: `${of === 'ms' ? 'time' : 'CPU'} ÷ undecorated`, where: `Node ${node.major}` },
          values: pairs.map(([a, b]) => a[of] / b[of]),
          sides: sidesOf(
            pairs.map(([a]) => a[of]),
            pairs.map(([, b]) => b[of]),
            'ms',
          ),
        });
      }
    }
  },
};
