import { describe, expect, it } from 'vitest';
import { figureOf } from './figures.js';
import { busyNote, lineOf, withFigures, type Report } from './report.js';

const held = figureOf('guard', {
  ...{ what: 'throughput ÷ by hand', where: 'Node 20, Express', goal: { atLeast: 0.95 } },
  ...{ values: [0.96, 0.9, 1.1], sides: '96 : 100 requests/s' },
});
const missed = figureOf('start', {
  ...{ what: 'memory', where: 'Node 20', goal: { atMost: 10 }, values: [20], unit: 'MB' },
});
const skipped = { row: 'start', what: 'all ÷ a0', where: 'everywhere', why: 'There is no Python.' };
const report: Report = {
  date: '2026-01-02T03:04:05.000Z',
  machine: { cpu: 'A CPU', cores: 2, memoryGiB: 4, os: 'Linux 6', load: 0.4 },
  versions: { autocannon: '9.0.0' },
  method: '',
  results: [held, missed, skipped],
};

it('a goal is held by the median alone', () => {
  expect(held).toMatchObject({ median: 0.96, min: 0.9, max: 1.1, rounds: 3, held: true });
  expect(missed).toMatchObject({ held: false });
  expect(figureOf('x', { what: 'w', where: 'h', values: [1] })).not.toHaveProperty('held');
});

it.each([
  [0.9, undefined],
  [1, 'This machine is busy (load 1, 2 cores): go by CPU, and by what the row noise says.'],
])('a machine with a load of %d', (load, note) => {
  expect(busyNote({ ...report.machine, load })).toBe(note);
});

describe('a line', () => {
  it.each([
    [
      held,
      'guard: throughput ÷ by hand, Node 20, Express: 0.96 (0.90 to 1.10), goal ≥ 0.95: held; 96 : 100 requests/s',
    ],
    [missed, 'start: memory, Node 20: 20.00 MB (20.00 to 20.00), goal ≤ 10: not held'],
    [skipped, 'start: all ÷ a0, everywhere: skipped. There is no Python.'],
    [figureOf('r', { what: 'w', where: 'h', values: [0.00213] }), 'r: w, h: 0.0021 (0.0021 to 0.0021)'],
  ])('%#', (result, line) => {
    expect(lineOf(result)).toBe(line);
  });
});

describe('the document', () => {
  const [begin, end] = ['<!-- figures: begin -->', '<!-- figures: end -->'];

  const order = ['noise', 'guard', 'start'];

  it('gets the figures between its markers, and keeps the rest', () => {
    const written = withFigures(`before\n\n${begin}\nold\n${end}\n\nafter\n`, report, order);
    const head = 'Measured on 2026-01-02: A CPU, 2 cores, load 0.4, ';
    expect(written.startsWith(`before\n\n${begin}\n\n### guard\n\n${head}`)).toBe(true);
    expect(written).toContain(`\n\n### start\n\n${head}`);
    expect(written.endsWith(`\n\n${end}\n\nafter\n`)).toBe(true);
    expect(written).not.toContain('old');
    expect(written).toContain('| memory | Node 20 | 20.00 MB (20.00 to 20.00) | ≤ 10 **not held** |  |');
    expect(withFigures(written, report, order)).toBe(written);
  });

  it('keeps what it has of rows that were not measured, in the order of all', () => {
    const old = ['guard', 'gone', 'noise'].map((name) => `### ${name}\n\nold ${name}\n\n`).join('');
    const written = withFigures(`${begin}\n\n${old}${end}`, { ...report, results: [missed] }, order);
    expect(written).toMatch(
      /^<!-- figures: begin -->\n\n### noise\n\nold noise\n\n### guard\n\nold guard\n\n### start\n\nMeasured on 2026-01-02/,
    );
    expect(written.endsWith(`|  |\n\n${end}`)).toBe(true);
    expect(written).not.toContain('gone');
  });

  it('says what could not be had, until that is measured again', () => {
    const missing = { row: 'node', what: 'everything', where: 'Node 24', why: "It can't be had." };
    const written = withFigures(`${begin}\n\n${end}`, { ...report, results: [missing, held] }, order);
    expect(written).toMatch(/### node\n[^#]*It can't be had\.[^#]*### guard\n/);
    expect(withFigures(written, report, order)).not.toContain('### node');
  });

  it.each([`only ${begin}`, `${end} only`, ''])('is refused without both: %j', (text) => {
    expect(() => withFigures(text, report, order)).toThrow(/has no/);
  });
});
