import { create } from '@bufbuild/protobuf';
import { FlyteError } from '../errors/flyte-error.js';
import { type LiteralType, SimpleType } from '../gen/flyteidl2/core/types_pb.js';
import { type Inputs, InputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import type { TaskSpec } from '../gen/flyteidl2/task/task_definition_pb.js';
import { At, isRecord } from '../literals/at.js';
import type { Shape } from '../literals/shape.js';
import { shapeOfType } from '../literals/shape-of-type.js';

/** What a task is to be given: texts of the command line, and values of a file. */
export interface GivenInputs {
  /** `name=value` each. */
  readonly texts: readonly string[];
  /** By name. */
  readonly values: unknown;
}

/**
 * Inputs as Flyte takes them, after the interface that the task was deployed with. What is left out, Flyte fills in.
 *
 * @throws FlyteError `invalid_argument` naming each input that is unknown, missing or wrong, and never its value
 */
export function inputsOf({ taskTemplate, defaultInputs }: TaskSpec, { texts, values }: GivenInputs): Inputs {
  if (!isRecord(values)) throw refused('The file of inputs holds no JSON object.');
  const types = new Map(taskTemplate?.interface?.inputs?.variables.map(({ key, value }) => [key, value?.type]));
  const root = new At('inputs');
  const problems: string[] = [];
  const given = new Map<string, (shape: Shape, type: LiteralType) => unknown>();
  for (const [name, value] of Object.entries(values)) given.set(name, (shape) => revived(shape, value));
  const named = new Set<string>();
  for (const text of texts) {
    const name = text.split('=', 1)[0] ?? '';
    const isTwice = named.has(name);
    named.add(name);
    if (name === text || name === '') problems.push('--input takes name=value, and was given something else.');
    else if (isTwice) problems.push(`--input ${name} is given twice. Give a list as JSON: --input '${name}=[…]'.`);
    else given.set(name, (shape, type) => valueOf(text.slice(name.length + 1), shape, type));
  }
  const literals = [...given].flatMap(([name, read]) => {
    const type = types.get(name);
    if (type === undefined) {
      const known = [...types.keys()].join(', ') || 'none';
      problems.push(`inputs: there is no ${JSON.stringify(name)}. The task takes ${known}.`);
      return [];
    }
    try {
      const shape = shapeOfType(type, `inputs.${name}`);
      return [{ name, value: shape.toLiteral(read(shape, type), root.child(name)) }];
    } catch (error) {
      if (!FlyteError.is(error)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  const optional = new Set(defaultInputs.map(({ name }) => name));
  const missing = [...types.keys()].filter((name) => !given.has(name) && !optional.has(name));
  problems.push(...missing.map((name) => `inputs.${name}: is missing; give --input ${name}=…`));
  if (problems.length > 0) throw refused(problems.join('\n'));
  return create(InputsSchema, { literals });
}

/** Text that is to be text stays as it is; else JSON where it is such a value, and text where it is not. */
function valueOf(text: string, shape: Shape, { type }: LiteralType): unknown {
  if (type.case === 'enumType' || (type.case === 'simple' && type.value === SimpleType.STRING)) return text;
  const candidates = [...parsed(text), text].map((value) => revived(shape, value));
  return candidates.find((value) => shape.fits(value)) ?? candidates[0];
}

function parsed(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}

/** A file or a directory, for which its URI may stand. */
function revived(shape: Shape, value: unknown): unknown {
  const isUri = typeof value === 'string' && value.includes(':');
  return isUri && !shape.fits(value) && takesReference(shape.type) ? { uri: value } : value;
}

function takesReference({ type }: LiteralType): boolean {
  return type.case === 'blob' || (type.case === 'unionType' && type.value.variants.some(takesReference));
}

function refused(message: string): FlyteError {
  return new FlyteError('invalid_argument', message);
}
