import { sidesOf, type Row } from '../figures.js';
import { inPairs } from '../pairs.js';
import { start } from '../processes.js';

const TIMES = 1_000;

/** What Flyte's types cost. */
export const literals: Row = {
  name: 'literals',
  about:
    'Inputs with a hundred rows: to Flyte’s bytes and back, with the schema’s checks, and to JSON and back without any',
  async measure({ nodes, rounds, tell }) {
    for (const node of nodes) {
      // oxlint-disable no-await-in-loop
      await using app = await start('literals', { node: node.path });
      for (const [ours, json] of [
        ['encode', 'stringify'],
        ['decode', 'parse'],
      ] as const) {
        const side = (name: string) => async () => app.ask<number>(name, TIMES);
        await inPairs(1, side(ours), side(json)); // compiles the code
        const pairs = await inPairs(rounds, side(ours), side(json));
        tell({
          ...{ what: `time to ${ours} ÷ JSON.${json}`, where: `Node ${node.major}` },
          values: pairs.map(([a, b]) => a / b),
          sides: sidesOf(
            pairs.map(([a]) => a),
            pairs.map(([, b]) => b),
            'µs',
          ),
        });
      }
      // oxlint-enable no-await-in-loop
    }
  },
};
