// `npm run bench -- [names…] [--rounds N] [--node 20,24] [--json FILE] [--docs]`: see docs/benchmarks.md.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { figureOf, type Measured, type Result, type Row, type Skipped } from './figures.js';
import { findNode, type NodeVersion } from './node-versions.js';
import { lineOf, machine, withFigures, type Report } from './report.js';
import { ROWS } from './rows/all.js';

const OUT = import.meta.dirname;
const DOCUMENT = join(OUT, '../../docs/benchmarks.md');
const METHOD =
  'Both sides run at once and are measured in turn (A B, B A, …) with the same requests after a warm-up; each figure is the ' +
  'median of the rounds, each round the ratio of its two sides. CPU is user and system time of the server process.';
const ADAPTERS = ['express', 'fastify'] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '9' },
    node: { type: 'string' },
    json: { type: 'string', default: join(OUT, 'results.json') },
    docs: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds: give a whole number, not "${values.rounds}"`);
const unknown = positionals.filter((name) => !ROWS.some((row) => row.name === name));
if (unknown.length > 0) {
  throw new Error(`There is no ${unknown.join(', ')}. There are ${ROWS.map(({ name }) => name).join(', ')}.`);
}

const results: Result[] = [];
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const add = (result: Result): void => {
  results.push(result);
  say(lineOf(result));
};

const servers = (values.node ?? '20,24').split(',');
const actionMajors = values.node === undefined ? ['20', '22', '24'] : servers;
const actionNodes: NodeVersion[] = [];
for (const major of actionMajors) {
  try {
    // oxlint-disable-next-line no-await-in-loop
    actionNodes.push(await findNode(major, OUT));
  } catch (error) {
    add({ row: 'node', what: 'everything', where: `Node ${major}`, why: `It can't be had: ${reason(error)}` });
  }
}
const nodes = actionNodes.filter(({ major }) => servers.includes(major));
const places = nodes.flatMap((node) => ADAPTERS.map((adapter) => ({ node, adapter })));

for (const row of ROWS) {
  if (positionals.length > 0 && !positionals.includes(row.name)) continue;
  say(`\n${row.about}.`);
  const began = performance.now();
  // oxlint-disable-next-line no-await-in-loop
  await measure(row);
  say(`In ${Math.round((performance.now() - began) / 1_000)} seconds.`);
}

const report: Report = {
  date: new Date().toISOString(),
  machine: machine(),
  versions: versions(await readFile(join(OUT, '../../package.json'), 'utf8')),
  method: METHOD,
  results,
};
await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
if (values.docs) await writeFile(DOCUMENT, withFigures(await readFile(DOCUMENT, 'utf8'), report));

async function measure(row: Row): Promise<void> {
  const tell = (result: Measured | Skipped): void =>
    add('why' in result ? { row: row.name, ...result } : figureOf(row.name, result));
  try {
    await row.measure({ rounds, nodes, actionNodes, places, tell });
  } catch (error) {
    add({ row: row.name, what: 'what is missing here', where: 'everywhere', why: reason(error) });
    process.exitCode = 1;
  }
}

function versions(workspace: string): Report['versions'] {
  const { devDependencies } = JSON.parse(workspace) as { devDependencies: Record<string, string> };
  const packages = ['@nestjs/core', '@connectrpc/connect', 'autocannon'].map(
    (name) => [name, devDependencies[name] ?? 'unknown'] as const,
  );
  return Object.fromEntries([
    ...actionNodes.map(({ major, version }) => [`Node ${major}:`, version] as const),
    ...packages,
  ]);
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
