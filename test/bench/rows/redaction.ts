import { sidesOf, type Row } from '../figures.js';
import { inPairs, inTurn } from '../pairs.js';
import { start } from '../processes.js';

const SECRETS = { tokens: '20 tokens', pem: 'a PEM of 1,000 lines' } as const;

/** What it costs to take secrets out of logs. */
export const redaction: Row = {
  name: 'redaction',
  about: 'A log in chunks of 64 KiB through the redactor, and copied',
  async measure({ nodes, rounds, tell }) {
    for (const node of nodes) {
      // oxlint-disable no-await-in-loop
      await using app = await start('redaction', { node: node.path });
      const copy = async (): Promise<number> => app.ask('copy');
      for (const [name, what] of Object.entries(SECRETS)) {
        const redact = async (): Promise<number> => app.ask('redact', name);
        await inPairs(1, redact, copy); // compiles the code
        const pairs = await inPairs(rounds, redact, copy);
        tell({
          ...{ what: `bytes per second with ${what} ÷ a copy`, where: `Node ${node.major}` },
          values: pairs.map(([a, b]) => a / b),
          sides: sidesOf(
            pairs.map(([a]) => a),
            pairs.map(([, b]) => b),
            'MB/s',
          ),
        });
        const [prepared = []] = await inTurn(rounds, [async () => app.ask<number>('prepare', name)]);
        tell({ what: `to prepare for ${what}`, where: `Node ${node.major}`, unit: 'ms', values: prepared });
      }
      // oxlint-enable no-await-in-loop
    }
  },
};
