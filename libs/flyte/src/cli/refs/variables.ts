import { FlyteError } from '../../errors/flyte-error.js';
import type { VariableMap } from '../../gen/flyteidl2/core/interface_pb.js';
import type { Literal } from '../../gen/flyteidl2/core/literals_pb.js';
import { type LiteralType, SimpleType } from '../../gen/flyteidl2/core/types_pb.js';
import type { NamedParameter } from '../../gen/flyteidl2/task/common_pb.js';
import { At, step } from '../../literals/at.js';
import { Compiler } from '../../literals/compile.js';
import { readLiteral, type Shape } from '../../literals/shape.js';
import type { JsonSchema } from '../../literals/standard-schema.js';
import { attempt } from './fallback.js';
import type { Definitions } from './definitions.js';
import { sameType } from './same-type.js';
import { schemaOfType } from './type-schema.js';

/** One input or output, as Flyte knows it and as a schema. */
export interface KnownVariable {
  readonly name: string;
  readonly description: string;
  /** Undefined where no schema makes its type. */
  readonly schema: JsonSchema | undefined;
  /** What its type is, where no schema makes it. */
  readonly what: string;
  /** Whether a caller may leave it out. */
  readonly optional: boolean;
  /** The value it has then, where that can be read. */
  readonly fallback: { readonly value: unknown } | undefined;
  /** Whether its type admits None only because it may be left out. */
  readonly widened: boolean;
}

/**
 * The variables of one side of a task, sorted by name.
 *
 * @param defaults what Flyte fills in for those that a caller leaves out
 */
export function knownVariables(
  side: 'inputs' | 'outputs',
  variables: VariableMap | undefined,
  defaults: readonly NamedParameter[],
  definitions: Definitions,
): KnownVariable[] {
  const entries = (variables?.variables ?? []).toSorted(({ key: one }, { key: other }) => (one < other ? -1 : 1));
  return entries.map(({ key: name, value }) => {
    const behavior = defaults.find((parameter) => parameter.name === name)?.parameter?.behavior;
    const optional = behavior !== undefined && !(behavior.case === 'required' && behavior.value);
    const literal = behavior?.case === 'default' ? behavior.value : undefined;
    const about = { name, description: value?.description ?? '', optional };
    try {
      return { ...about, ...described(side + step(name), value?.type, literal, definitions) };
    } catch (error) {
      if (!FlyteError.is(error) && !(error instanceof RangeError)) throw error;
      const what = FlyteError.is(error) ? error.message : 'nested too deeply';
      return { ...about, schema: undefined, what, fallback: undefined, widened: false };
    }
  });
}

function described(
  path: string,
  type: LiteralType | undefined,
  literal: Literal | undefined,
  definitions: Definitions,
): Pick<KnownVariable, 'schema' | 'what' | 'fallback' | 'widened'> {
  if (type === undefined) throw new FlyteError('unimplemented', 'of no type');
  if (path.endsWith('["__proto__"]') || path.endsWith('.__proto__'))
    throw new FlyteError('unimplemented', 'named "__proto__"');
  const inner = optionalUnion(type);
  const made = inner ?? type;
  const schema = schemaOfType(made, definitions);
  const compiler = new Compiler(definitions.root);
  const shape: Shape = compiler.shape(schema, path);
  if (compiler.problems.length > 0) throw new FlyteError('unimplemented', compiler.problems.join(' '));
  if (!sameType(made, shape.type)) throw new FlyteError('unimplemented', 'of a type that no schema makes again');
  const value = literal && attempt(() => ({ value: readLiteral(shape, literal, new At(path)) }));
  const fallback = value !== undefined && shape.fits(value.value) ? value : undefined;
  return { schema, what: '', fallback, widened: inner !== undefined };
}

/** The union inside a union that has None beside it: what this library makes of `z.union([…]).optional()`, and nobody else. */
function optionalUnion({ type }: LiteralType): LiteralType | undefined {
  if (type.case !== 'unionType' || type.value.variants.length !== 2) return undefined;
  const [first, last] = type.value.variants;
  const isNone = last?.type.case === 'simple' && last.type.value === SimpleType.NONE;
  const isPickle = first?.structure?.tag === 'FlytePickle';
  return isNone && first?.type.case === 'unionType' && !isPickle ? first : undefined;
}
