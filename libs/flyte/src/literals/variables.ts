import { create } from '@bufbuild/protobuf';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { FlyteError } from '../errors/flyte-error.js';
import type { Literal } from '../gen/flyteidl2/core/literals_pb.js';
import { VariableEntrySchema, type VariableMap, VariableMapSchema } from '../gen/flyteidl2/core/interface_pb.js';
import type { NamedLiteral } from '../gen/flyteidl2/task/common_pb.js';
import { type At, isRecord, own, step } from './at.js';
import { Compiler } from './compile.js';
import { noneShape } from './scalars.js';
import { open, readLiteral, type Shape } from './shape.js';
import { HAS_DEFAULT, type JsonSchema, jsonSchemaOf } from './standard-schema.js';
import { unionShape } from './union.js';

/** One variable of a task: a name, and how its value travels. */
export interface Variable {
  /** As the schema names it, or `o0`, `o1`, …. */
  readonly name: string;
  /** What it is for, where the schema says so. */
  readonly description: string;
  /** How its value travels. */
  readonly shape: Shape;
  /** Whether it may be left out. */
  readonly optional: boolean;
  /** Whether it may be null. */
  readonly nullable: boolean;
  /** What the schema puts in its place where it is left out, in JSON; undefined where JSON cannot say. */
  readonly fallback: unknown;
}

/** How a schema's value splits into variables. */
export interface Variables {
  /** In the schema's order. */
  readonly list: readonly Variable[];
  /**
   * An object names its variables; a tuple gives `o0`, `o1`, …; anything else is `o0`, as the official SDK names what
   * a function returns (`_interface.py`).
   */
  readonly form: 'object' | 'tuple' | 'single';
  /** What Flyte cannot hold, each with its path and the fix. */
  readonly problems: readonly string[];
}

/**
 * Splits a schema into variables.
 *
 * @param side the root of every path in messages
 */
export function variablesOf(schema: StandardSchemaV1 | undefined, side: 'inputs' | 'outputs'): Variables {
  if (schema === undefined) return { list: [], form: 'object', problems: [] };
  let json: JsonSchema;
  try {
    json = jsonSchemaOf(schema);
  } catch (error) {
    if (!FlyteError.is(error)) throw error;
    return { list: [], form: 'object', problems: [`${side}: ${error.message}`] };
  }
  const compiler = new Compiler(json);
  const root = compiler.resolve(json);
  const { properties, prefixItems, items } = root;
  const required = new Set(Array.isArray(root['required']) ? root['required'] : []);
  const variable = (name: string, part: unknown, optional: boolean): Variable => {
    const node = compiler.resolve(part);
    const shape = compiler.shape(part, side + step(name));
    const nullable = shape.fits(null);
    const hasDefault = 'default' in node || HAS_DEFAULT in node;
    // Left out without a default: None in Python, whose type says so (`T | None = None`).
    const widened = optional && !hasDefault && !nullable ? optionalShape(shape) : shape;
    const description = typeof node['description'] === 'string' ? node['description'] : '';
    return { name, description, shape: widened, optional, nullable, fallback: optional ? node['default'] : undefined };
  };
  if (isRecord(properties) && root['format'] !== 'blob' && !('x-flyte-type' in root)) {
    if (isRecord(root['additionalProperties']) || root['additionalProperties'] === true) {
      compiler.problems.push(
        `${side} takes fields without a name of their own, which cannot be variables: list them all.`,
      );
    }
    if (Object.hasOwn(properties, '__proto__')) compiler.problems.push(`${side} has a field "__proto__": rename it.`);
    const list = Object.entries(properties).map(([name, part]) => variable(name, part, !required.has(name)));
    return { list, form: 'object', problems: compiler.problems };
  }
  if (Array.isArray(prefixItems) && (items === false || items === undefined)) {
    const list = prefixItems.map((part: unknown, index) => variable(`o${index}`, part, false));
    return { list, form: 'tuple', problems: compiler.problems };
  }
  const { shape, ...single } = variable('o0', json, false);
  return { list: [{ ...single, shape, optional: true }], form: 'single', problems: compiler.problems };
}

function optionalShape(shape: Shape): Shape {
  return unionShape([shape, noneShape]);
}

/** The interface's list of variables, sorted by name as the official SDK sorts it (`types_serde.py`). */
export function variableMapOf(list: readonly Variable[]): VariableMap {
  const sorted = list.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const variables = sorted.map(({ name, description, shape: { type } }) => {
    return create(VariableEntrySchema, { key: name, value: { type, description } });
  });
  return create(VariableMapSchema, { variables });
}

/** A variable's value in the whole. */
export function pick({ form }: Variables, whole: unknown, { name }: Variable, index: number): unknown {
  if (form === 'single') return whole;
  if (form === 'tuple') return Array.isArray(whole) ? whole[index] : undefined;
  return isRecord(whole) ? own(whole, name) : undefined;
}

/**
 * Outputs under the names that a schema without names gives them. A Python function that returns a NamedTuple names its
 * outputs, and writes them in its order; a tuple, or any other schema for a single one, reads them by their places.
 */
export function namedByPlace({ list, form }: Variables, literals: readonly NamedLiteral[]): readonly NamedLiteral[] {
  const isKnown = literals.some(({ name }) => list.some((variable) => variable.name === name));
  if (form === 'object' || isKnown || literals.length !== list.length) return literals;
  return literals.map((literal, index) => ({ ...literal, name: list[index]?.name ?? literal.name }));
}

/** The whole from the literals of its variables, before the schema parses it. */
export function assemble({ list, form }: Variables, literals: ReadonlyMap<string, Literal>, root: At): unknown {
  const values = list.map((variable) => {
    const literal = literals.get(variable.name);
    return literal === undefined ? undefined : readVariable(variable, literal, root.child(variable.name));
  });
  if (form === 'single') return values[0];
  if (form === 'tuple') return values;
  return Object.fromEntries(
    list.flatMap(({ name }, index) => (values[index] === undefined ? [] : [[name, values[index]]])),
  );
}

function readVariable({ shape, optional, nullable }: Variable, literal: Literal, at: At): unknown {
  // None, where the schema knows "left out" and not null.
  const value = optional && !nullable && isNone(literal) ? null : readLiteral(shape, literal, at);
  return value === null && optional && !nullable ? undefined : value;
}

/** None, also as a union's value: how Python sends it where its own type is `T | None`. */
function isNone(literal: Literal): boolean {
  const opened = open(literal);
  if (opened.case === 'union' && opened.value.value !== undefined) return isNone(opened.value.value);
  return opened.case === 'noneType';
}
