// `npm run bench -- [rows…] [--rounds N] [--node 20,24] [--json FILE] [--docs]`: see docs/benchmarks.md.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { figureOf, type Context, type Result, type Row } from './figures.js';
import { findNode, type NodeVersion } from './node-versions.js';
import { readOptions, type Options } from './options.js';
import { busyNote, lineOf, machine as thisMachine, withFigures, type Report } from './report.js';
import { ROWS } from './rows/all.js';

const OUT = import.meta.dirname;
const ROOT = join(OUT, '../..');
const DOCUMENT = join(ROOT, 'docs/benchmarks.md');
const METHOD =
  'Both sides run at once and are measured in turn (A B, B A, …) with the same requests after a warm-up; each figure is the ' +
  'median of the rounds, each round the ratio of its two sides. CPU is user and system time of the server process.';
const NAMES = ROWS.map(({ name }) => name);
const ADAPTERS = ['express', 'fastify'] as const;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

try {
  await bench(readOptions(process.argv.slice(2), NAMES));
} catch (error) {
  process.stderr.write(`${reason(error)}\n`);
  process.exitCode = 1;
}

async function bench(options: Options): Promise<void> {
  const machine = thisMachine();
  const busy = busyNote(machine);
  if (busy !== undefined) say(busy);
  const results: Result[] = [];
  const add = (result: Result): void => {
    results.push(result);
    say(lineOf(result));
  };
  const actionNodes = await nodesOf(options.actions, add);
  const nodes = actionNodes.filter(({ major }) => options.servers.includes(major));
  const places = nodes.flatMap((node) => ADAPTERS.map((adapter) => ({ node, adapter })));

  const json = options.json ?? join(OUT, 'results.json');
  const versions = await versionsOf(actionNodes);
  const report = (): Report => {
    const date = new Date().toISOString();
    return { date, machine, versions, method: METHOD, results };
  };
  for (const row of ROWS) {
    if (options.rows.length > 0 && !options.rows.includes(row.name)) continue;
    say(`\n${row.about}.`);
    const began = performance.now();
    // oxlint-disable no-await-in-loop -- rows would measure each other; and what is measured is kept, should the next one hang
    await measure(row, { rounds: options.rounds, nodes, actionNodes, places }, add);
    await writeFile(json, `${JSON.stringify(report(), undefined, 2)}\n`);
    // oxlint-enable no-await-in-loop
    say(`In ${Math.round((performance.now() - began) / 1_000)} seconds.`);
  }

  if (!options.docs) return;
  const document = withFigures(await readFile(DOCUMENT, 'utf8'), report(), NAMES);
  await writeFile(DOCUMENT, await format(document, { ...(await resolveConfig(DOCUMENT)), filepath: DOCUMENT }));
}

/** Measures a row. Where that fails, the figures that it had given stay. */
async function measure(row: Row, context: Omit<Context, 'tell'>, add: (result: Result) => void): Promise<void> {
  const tell: Context['tell'] = (result) =>
    add('why' in result ? { row: row.name, ...result } : figureOf(row.name, result));
  try {
    await row.measure({ ...context, tell });
  } catch (error) {
    add({ row: row.name, what: 'what is missing here', where: 'everywhere', why: reason(error) });
    process.exitCode = 1;
  }
}

async function nodesOf(majors: readonly string[], add: (result: Result) => void): Promise<NodeVersion[]> {
  const nodes: NodeVersion[] = [];
  for (const major of majors) {
    try {
      // oxlint-disable-next-line no-await-in-loop
      nodes.push(await findNode(major, OUT));
    } catch (error) {
      add({ row: 'node', what: 'everything', where: `Node ${major}`, why: `It can't be had: ${reason(error)}` });
    }
  }
  return nodes;
}

async function versionsOf(nodes: readonly NodeVersion[]): Promise<Report['versions']> {
  const workspace = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const packages = ['@nestjs/core', '@connectrpc/connect', 'autocannon'].map(
    (name) => [name, workspace.devDependencies[name] ?? 'unknown'] as const,
  );
  return Object.fromEntries([...nodes.map(({ major, version }) => [`Node ${major}:`, version] as const), ...packages]);
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
