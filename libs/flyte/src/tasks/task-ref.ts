import { hasKey } from '../errors/brand.js';
import { FlyteError } from '../errors/flyte-error.js';
import { quoted } from '../protocol/path-hazard.js';
import type { Schema } from './schema.js';

/** Options of {@link taskRef}. */
export interface TaskRefOptions<I extends Schema, O extends Schema> {
  /**
   * Which version to run: one by its name; `latest`, the one deployed last; `current`, the one this app is. `latest` if
   * not given.
   */
  readonly version?: string | undefined;
  /** What the task takes: an object schema, whose fields name the inputs. */
  readonly inputs?: I | undefined;
  /** What the task gives: an object schema names the outputs, a tuple gives `o0`, `o1`, …, anything else is `o0`. */
  readonly outputs?: O | undefined;
  /** The project it is in; the client's if not given. */
  readonly project?: string | undefined;
  /** The domain it is in; the client's if not given. */
  readonly domain?: string | undefined;
}

/** A task that is written elsewhere, in Python mostly, or a contract that services share. Data only. */
export interface TaskRef<I extends Schema = Schema, O extends Schema = Schema> {
  /** The task's full name: `<environment>.<function>`. */
  readonly name: string;
  /** A version, `latest` or `current`. */
  readonly version: string;
  readonly inputs: I;
  readonly outputs: O;
  readonly project: string | undefined;
  readonly domain: string | undefined;
  /** What dependency injection knows its handle by. */
  readonly [token]: symbol;
}

const token: unique symbol = Symbol.for('nestjs-flyte.TaskRef.token');
const OPTIONS = ['version', 'inputs', 'outputs', 'project', 'domain'];
const MAX_NAME = 255;
const MAX_VERSION = 63;

/**
 * Names a task that is written elsewhere: `@InjectTask(Train)` calls it, `@Task(Train)` implements it.
 *
 * ```ts
 * const Train = taskRef('training.train', { inputs: z.object({ epochs: z.int().default(3) }), outputs: z.number() });
 * ```
 *
 * @param name the task's full name, as Flyte lists it
 * @throws FlyteError `invalid_configuration` for a wrong name or option; what is wrong with a schema is said at start
 */
export function taskRef<I extends Schema = undefined, O extends Schema = undefined>(
  name: string,
  options: TaskRefOptions<I, O> = {},
): TaskRef<I, O> {
  const { version = 'latest', inputs, outputs, project, domain } = options;
  const problem =
    taskNameProblem(name) ??
    Object.keys(options)
      .filter((option) => !OPTIONS.includes(option))
      .map((option) => `has no option ${quoted(option)}; there are ${OPTIONS.join(', ')}`)[0] ??
    versionProblem(version);
  if (problem !== undefined) throw new FlyteError('invalid_configuration', `taskRef: ${quoted(name)} ${problem}.`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a schema left out is undefined, which is what its type says
  const schemas = { inputs, outputs } as { inputs: I; outputs: O };
  return Object.freeze({
    name,
    version,
    ...schemas,
    project,
    domain,
    [token]: Symbol(`the handle of ${name}: import FlyteModule.forFeature([…]) with its taskRef`),
  });
}

/** Whether a value is a {@link TaskRef}, of this copy of the library or of another one. */
export function isTaskRef(value: unknown): value is TaskRef {
  return hasKey(value, token);
}

/** The token of a ref's handle. */
export function refToken(ref: TaskRef): symbol {
  return ref[token];
}

/** What is wrong with a task's full name, to put behind it; undefined where nothing is. */
export function taskNameProblem(name: unknown): string | undefined {
  if (typeof name !== 'string' || name === '') return 'is no name of a task; a valid example: "training.train"';
  if (name.length > MAX_NAME) return `has ${name.length} characters, more than ${MAX_NAME}`;
  if (/[\s{}\p{Cc}]/u.test(name)) return 'holds a blank, a brace or a control character';
  return undefined;
}

/** What is wrong with a version, to put behind what has it; undefined where nothing is. */
export function versionProblem(version: unknown): string | undefined {
  if (typeof version === 'string' && /^[^\s{}\p{Cc}]+$/u.test(version) && version.length <= MAX_VERSION)
    return undefined;
  return `has the version ${quoted(version)}; give 1 to ${MAX_VERSION} characters without blanks and braces, "latest" or "current"`;
}
