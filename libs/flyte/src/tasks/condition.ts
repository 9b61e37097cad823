import type { StandardSchemaV1 } from '@standard-schema/spec';
import { currentAction } from '../action/action-scope.js';
import { hasKey } from '../errors/brand.js';
import { FlyteError, type FlyteErrorCode } from '../errors/flyte-error.js';
import type { Literal } from '../gen/flyteidl2/core/literals_pb.js';
import { type LiteralType, SimpleType } from '../gen/flyteidl2/core/types_pb.js';
import { TaskCodec } from '../literals/task-codec.js';
import { quoted } from '../protocol/path-hazard.js';
import { type DurationText, parseDuration } from './duration.js';
import type { Parsed } from './typing.js';

/** What a {@link Condition} is made of. */
export interface ConditionFields<S extends StandardSchemaV1> {
  /** Its name, by which it is answered: a letter, then letters, digits, `_` and `-`, 63 characters at most. */
  readonly name: string;
  /** What an answer is: of a boolean, a whole number, a number or a text. */
  readonly schema: S;
  /** What it is for, 2,048 characters at most. */
  readonly description?: string;
}

/** Options of {@link Condition.wait}. */
export interface ConditionWait {
  /** What is asked, 4,096 characters at most. */
  readonly prompt: string;
  /** Whether the prompt is Markdown; else it is text. */
  readonly markdown?: boolean;
  /** How long the answer may take, such as `'2d'`; for ever if not given. */
  readonly timeout?: DurationText;
  /** Gives up the question. */
  readonly signal?: AbortSignal;
}

/** By this, a condition is known, and what turns its answers into literals found. A text, so that two copies of the library agree. */
const CODEC = Symbol.for('nestjs-flyte.Condition.codec');

type AnswerCodec = Pick<TaskCodec<void, void, unknown, unknown>, 'encodeOutputs' | 'decodeOutputs' | 'interface'>;

const NAME = /^[A-Za-z][\w-]{0,62}$/;
const TYPES: ReadonlySet<SimpleType> = new Set([
  SimpleType.BOOLEAN,
  SimpleType.INTEGER,
  SimpleType.FLOAT,
  SimpleType.STRING,
]);

/**
 * Something that a task waits for until somebody says it: an approval, a number that only people know. It needs no
 * process while it waits; the task that waits has one.
 *
 * ```ts
 * const MANAGER_OK = new Condition({ name: 'manager-ok', schema: z.boolean() });
 * const ok = await MANAGER_OK.wait({ prompt: 'Ship 50?' }); // in a task
 * await run.signal(MANAGER_OK, true); // in an app, as its caller
 * ```
 */
export class Condition<S extends StandardSchemaV1 = StandardSchemaV1> {
  readonly name: string;
  readonly schema: S;
  readonly description: string;
  declare readonly [CODEC]: AnswerCodec;

  /** @throws FlyteError `invalid_configuration` for a wrong name, and for a schema of something else */
  constructor({ name, schema, description = '' }: ConditionFields<S>) {
    const problem = NAME.test(name) ? undefined : `${quoted(name)} is no name of a condition, such as "manager-ok"`;
    const wrong =
      problem ?? (description.length > 2048 ? `the description of ${name} has more than 2,048 characters` : undefined);
    if (wrong !== undefined) throw new FlyteError('invalid_configuration', `Condition: ${wrong}.`);
    this.name = name;
    this.schema = schema;
    this.description = description;
    const codec = new TaskCodec({ outputs: schema });
    Object.defineProperty(this, CODEC, { value: codec });
    const type = simpleType(codec);
    if (type !== undefined && TYPES.has(type)) return;
    throw new FlyteError(
      'invalid_configuration',
      `Condition ${name}: Flyte takes a boolean, a whole number, a number or a text for an answer, such as z.boolean().`,
    );
  }

  /**
   * Waits for the answer: inside a task. An attempt that is started anew finds one that was given.
   *
   * @throws FlyteError `deadline_exceeded` where none came in time; `failed_precondition` for one that does not fit the schema;
   * `misuse` outside an action
   */
  async wait({ prompt, markdown = false, timeout, signal }: ConditionWait): Promise<Parsed<S>> {
    const action = currentAction();
    if (!action) {
      throw new FlyteError('misuse', `Condition ${this.name}: wait() is for tasks; an app answers, by run.signal().`);
    }
    const { ms: timeoutMs, problem } = timeout === undefined ? {} : parseDuration(timeout);
    if (problem !== undefined)
      throw new FlyteError('invalid_argument', `Condition ${this.name}: "timeout" ${problem}.`);
    if (prompt.length > 4096)
      throw new FlyteError('invalid_argument', `Condition ${this.name}: "prompt" has more than 4,096 characters.`);
    const { name, description } = this;
    const question = { name, description, type: answerType(this), prompt, isMarkdown: markdown, timeoutMs };
    const answer = await (await action.children()).ask({ ...question, signal, group: action.group, step: action.step });
    const decoded = this[CODEC].decodeOutputs({ literals: [named(answer)] });
    return (await fitting(name, decoded, 'failed_precondition')) as Parsed<S>;
  }

  /** Whether a value is one, of this copy of the library or of another one. */
  static is(value: unknown): value is Condition {
    return hasKey(value, CODEC);
  }
}

/** The type of a condition's answers. */
export function answerType(condition: Condition): LiteralType {
  const type = condition[CODEC].interface().outputs?.variables[0]?.value?.type;
  if (type) return type;
  throw new FlyteError('internal', `The condition ${condition.name} has no type.`);
}

/** An answer as a literal. @throws FlyteError `invalid_argument` for one that does not fit the schema */
export async function answerLiteral(condition: Condition, value: unknown): Promise<Literal> {
  const { name } = condition;
  const { literals } = await fitting(name, condition[CODEC].encodeOutputs(value), 'invalid_argument');
  const [answer] = literals;
  if (answer?.value) return answer.value;
  throw new FlyteError('invalid_argument', `The condition ${name} needs an answer, and got none.`);
}

/** What a codec makes of an answer. It names a place in outputs for each problem: the same one always, which an answer does not have. */
async function fitting<T>(name: string, coded: Promise<T>, code: FlyteErrorCode): Promise<T> {
  try {
    return await coded;
  } catch (error) {
    if (!FlyteError.is(error)) throw error;
    const problems = error.message.replaceAll(/(^|; )outputs\.o0: /g, '$1');
    throw new FlyteError(code, `The answer to the condition ${name} does not fit its schema: ${problems}`);
  }
}

function named(value: Literal) {
  return { $typeName: 'flyteidl2.task.NamedLiteral' as const, name: 'o0', value };
}

function simpleType(codec: AnswerCodec): SimpleType | undefined {
  const { variables = [] } = codec.interface().outputs ?? {};
  const type = variables[0]?.key === 'o0' && variables.length === 1 ? variables[0].value?.type?.type : undefined;
  return type?.case === 'simple' ? type.value : undefined;
}
