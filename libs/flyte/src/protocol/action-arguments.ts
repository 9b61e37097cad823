import { parseArgs } from 'node:util';
import { FlyteError } from '../errors/flyte-error.js';
import { NO_CHECKPOINT, template } from './command-template.js';

/**
 * The contract between a TaskSpec and the process that runs one action of it. A container's command line is
 *
 * ```
 * nestjs-flyte action --task <name> --version <version> --module <file>#<export> [--code-bundle <uri>]
 *   --inputs {{.input}} --outputs-path {{.outputPrefix}} --raw-data-path {{.rawOutputDataPrefix}}
 *   --checkpoint-path {{.checkpointOutputPrefix}} --prev-checkpoint {{.prevCheckpointPrefix}}
 * ```
 *
 * where `nestjs-flyte` is the container's command, in place of an entrypoint that the image may have, and must be on
 * its PATH. Flyte fills in what is in braces. What else the process needs to know, it finds in its environment:
 * `RUN_NAME`, `ACTION_NAME`, `FLYTE_ATTEMPT_NUMBER` (from 0) and their like; Flyte renders no template for those.
 */
export interface ActionArguments {
  /** The task's full name. Its first part names the environment of a task whose class names none. */
  readonly task: string;
  /** The task's version. */
  readonly version: string;
  /** The Nest module that provides the task: `<file>#<export>`, the file relative to the app's root. */
  readonly module: string;
  /** The archive that the module's code comes in, as a URI; undefined where the image has it. */
  readonly codeBundle?: string | undefined;
  /** Where `inputs.pb` is: the URI of the file itself. */
  readonly inputs: string;
  /** The folder for `outputs.pb` or `error.pb`, as a URI. */
  readonly outputsPath: string;
  /** The folder for what outputs point to, as a URI. */
  readonly rawDataPath: string;
  /** The folder for this attempt's checkpoint, as a URI. */
  readonly checkpointPath: string;
  /** Where the attempt before left its checkpoint; undefined on the first attempt. */
  readonly prevCheckpoint: string | undefined;
}

/** What the TaskSpec itself says of {@link ActionArguments}. */
export type ActionTarget = Pick<ActionArguments, 'task' | 'version' | 'module' | 'codeBundle'>;

/** The container's command. */
export const ACTION_COMMAND = ['nestjs-flyte'] as const;

/** The first argument: the subcommand that runs one action. */
export const ACTION_SUBCOMMAND = 'action';

/** The container's arguments, with Flyte's templates in them. */
export function actionArguments({ task, version, module, codeBundle }: ActionTarget): string[] {
  return [
    ACTION_SUBCOMMAND,
    ...['--task', task, '--version', version, '--module', module],
    ...(codeBundle === undefined ? [] : ['--code-bundle', codeBundle]),
    ...['--inputs', template('input'), '--outputs-path', template('outputPrefix')],
    ...['--raw-data-path', template('rawOutputDataPrefix')],
    ...['--checkpoint-path', template('checkpointOutputPrefix')],
    ...['--prev-checkpoint', template('prevCheckpointPrefix')],
  ];
}

/**
 * Reads the arguments behind `nestjs-flyte action`, templates filled in.
 *
 * @param argv without the subcommand
 * @throws FlyteError `invalid_argument` naming what is missing or unknown
 */
export function parseActionArguments(argv: readonly string[]): ActionArguments {
  const option = { type: 'string' } as const;
  const values = parsed(() =>
    parseArgs({
      args: [...argv],
      options: {
        ...{ task: option, version: option, module: option, inputs: option, 'outputs-path': option },
        ...{ 'code-bundle': option, 'raw-data-path': option, 'checkpoint-path': option, 'prev-checkpoint': option },
      },
      strict: true,
    }),
  ).values;
  const needed = (name: 'task' | 'version' | 'module' | 'inputs' | 'outputs-path'): string => {
    const value = values[name];
    if (value) return value;
    throw new FlyteError('invalid_argument', `nestjs-flyte action: --${name} is missing.`);
  };
  const before = values['prev-checkpoint'];
  return {
    task: needed('task'),
    version: needed('version'),
    module: needed('module'),
    codeBundle: values['code-bundle'],
    inputs: needed('inputs'),
    outputsPath: needed('outputs-path'),
    rawDataPath: values['raw-data-path'] ?? '',
    checkpointPath: values['checkpoint-path'] ?? '',
    prevCheckpoint: before === undefined || before === '' || before === NO_CHECKPOINT ? undefined : before,
  };
}

/** The folder for results out of arguments that may be wrong otherwise; undefined where they don't say. */
export function outputsPathOf(argv: readonly string[]): string | undefined {
  const options = { 'outputs-path': { type: 'string' } } as const;
  const { values } = parseArgs({ args: [...argv], options, strict: false });
  const path = values['outputs-path'];
  return typeof path === 'string' && path !== '' ? path : undefined;
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'they cannot be read';
    throw new FlyteError('invalid_argument', `nestjs-flyte action: ${why}`, { cause });
  }
}

/** Whether the running process is an action of Flyte. */
export function insideAction(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return Boolean(env['ACTION_NAME'] && env['RUN_NAME']);
}
