import { expect, it } from 'vitest';
import { readOptions } from './options.js';

const ROWS = ['guard', 'me'];

it('without any, all rows are measured, nine times', () => {
  expect(readOptions([], ROWS)).toEqual({
    ...{ rows: [], rounds: 9, json: undefined, docs: false },
    ...{ servers: ['20', '24'], actions: ['20', '22', '24'] },
  });
});

it('each is read', () => {
  const args = ['me', '--rounds', '15', 'guard', '--node', '22,24', '--json', 'out.json', '--docs'];
  expect(readOptions(args, ROWS)).toEqual({
    ...{ rows: ['me', 'guard'], rounds: 15, json: 'out.json', docs: true },
    ...{ servers: ['22', '24'], actions: ['22', '24'] },
  });
});

it.each([
  [['you'], /no you\. There are guard, me/],
  [['--rounds', '0'], /--rounds.*"0"/],
  [['--rounds', 'many'], /--rounds.*"many"/],
  [['--node', '20,v24'], /--node.*"v24"/],
  [['--node', ''], /--node/],
  [['--fast'], /--fast/],
])('%j is refused', (args, problem) => {
  expect(() => readOptions(args, ROWS)).toThrow(problem);
});
