import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { sidesOf, type Context, type Goal, type Place, type Row } from '../figures.js';
import { timeFirstLine, type Command, type FirstLine } from '../first-line.js';
import { inTurn } from '../pairs.js';
import { PYTHON_SOURCES, pythonCommands } from '../python.js';

const ROOT = join(import.meta.dirname, '../../..');
const BIN = join(ROOT, 'libs/flyte/bin/nestjs-flyte');
const PLAIN = './dist/bench/apps/first-line.tasks.js#FirstLineModule';

type Side = () => Promise<FirstLine>;

/** How soon a task's own code runs. */
export const action: Row = {
  name: 'action',
  about: "From the start of an action's process to the first line of its task",
  async measure(context) {
    const compiled = await compile();
    const a0 = await pythonSide().catch((error: unknown) => String(error));
    if (typeof a0 === 'string') context.tell({ what: 'all ÷ a0', where: 'everywhere', why: a0 });
    for (const node of context.actionNodes) {
      // oxlint-disable-next-line no-await-in-loop
      await measureOn(context, node, { compiled, a0: typeof a0 === 'string' ? undefined : a0 });
    }
  },
};

async function measureOn(
  context: Context,
  node: Place['node'],
  { compiled, a0 }: { compiled: string; a0: Side | undefined },
): Promise<void> {
  const empty = { file: node.path, args: [join(ROOT, 'dist/bench/apps/empty-context.js')], cwd: ROOT };
  const sides = [library(node, PLAIN), library(node, compiled), () => timeFirstLine(empty), ...(a0 ? [a0] : [])];
  await inTurn(1, sides); // the file cache
  const [plain = [], one = [], nest = [], python] = await inTurn(context.rounds, sides);
  const where = `Node ${node.major}`;
  const compare = (what: string, ours: FirstLine[], other: FirstLine[], goal: Goal): void => {
    for (const of of ['ms', 'cpuMs'] as const) {
      context.tell({
        ...{ what: `${of === 'ms' ? 'time' : 'CPU'} to the first line, ${what}`, where, goal },
        values: ours.map((first, round) => first[of] / (other[round]?.[of] ?? NaN)),
        sides: sidesOf(
          ours.map((first) => first[of]),
          other.map((first) => first[of]),
          'ms',
        ),
      });
    }
  };
  if (python) compare('as it is ÷ a0', plain, python, { atMost: 1 });
  if (python) compare('compiled ÷ a0', one, python, { atMost: 0.4 });
  compare('as it is ÷ an empty Nest context', plain, nest, { atMost: 1.3 });
  compare('compiled ÷ an empty Nest context', one, nest, { atMost: 1.3 });
}

/** An action of the library, started as a container starts it. */
function library(node: Place['node'], module: string): Side {
  const args = ['action', '--task', 'bench.firstLine', '--version', 'v1', '--module', module];
  const command: Command = { file: BIN, args, cwd: ROOT, path: [dirname(node.path)] };
  return () =>
    timeFirstLine(command, ({ inputs, outputs, raw }) => [
      ...['--inputs', inputs, '--outputs-path', outputs, '--raw-data-path', raw],
      ...['--checkpoint-path', `${raw}/cp`, '--prev-checkpoint', '""'],
    ]);
}

/** An action of the Python SDK. */
async function pythonSide(): Promise<Side> {
  const bin = await pythonCommands();
  const command = { file: join(bin, 'a0'), args: [], cwd: PYTHON_SOURCES, path: [bin] };
  return () =>
    timeFirstLine(command, ({ inputs, outputs, raw }) => [
      ...['--inputs', inputs, '--outputs-path', outputs, '--version', 'v1', '--raw-data-path', raw],
      ...['--run-name', 'r1', '--name', 'a0', '--resolver', 'flyte._internal.resolvers.default.DefaultTaskResolver'],
      ...['mod', 'first_line', 'instance', 'first_line'],
    ]);
}

/** @returns the module, as one file */
async function compile(): Promise<string> {
  const out = 'dist/bench/first-line.mjs';
  await promisify(execFile)(process.execPath, [`${BIN}.js`, 'compile', PLAIN, '--out', out], { cwd: ROOT });
  return `./${out}#FirstLineModule`;
}
