import { create } from '@bufbuild/protobuf';
import { EnumTypeSchema, type LiteralType, LiteralTypeSchema } from '../gen/flyteidl2/core/types_pb.js';
import { isRecord, own } from './at.js';
import { primitiveShape } from './scalars.js';
import type { Shape } from './shape.js';
import { type JsonSchema, MEMBERS } from './standard-schema.js';

/** The name of the Python SDK's transformer for both kinds (`EnumTransformer`). */
const TAG = 'DefaultEnumTransformer';

/** One of some texts, which stand for themselves. */
interface TextsShape extends Shape {
  readonly texts: readonly string[];
}

/** One of some texts: `Literal["a", "b"]` in Python, or an Enum, of which its SDK sends and expects the names. */
export function enumShape(values: readonly string[]): TextsShape {
  const listed = (value: unknown): string | undefined =>
    typeof value === 'string' && values.includes(value) ? value : undefined;
  const shape = primitiveShape({
    type: enumType(values),
    tag: TAG,
    expected: oneOf(values),
    to: (value) => (listed(value) === undefined ? undefined : { case: 'stringValue', value: String(value) }),
    from: (opened) => (opened.case === 'stringValue' ? listed(opened.value) : undefined),
    pack: listed,
    unpack: listed,
  });
  return { ...shape, texts: values };
}

/** Whether a union may list it as one with others of its kind. */
export function isTexts(shape: Shape): shape is TextsShape {
  return 'texts' in shape;
}

/** A member's value: what the schema's value is, too. */
type Member = string | number;

/** The members that a schema has as `{ NAME: value }`; undefined where it has none. */
export function membersOf(node: JsonSchema): Readonly<Record<string, Member>> | undefined {
  const given = node[MEMBERS];
  if (!isRecord(given)) return undefined;
  const members = Object.entries(given).filter(
    (entry): entry is [string, Member] => typeof entry[1] === 'string' || typeof entry[1] === 'number',
  );
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

/** A name that is another member's value, too: what is written inside an object could be either. */
export function ambiguousMember(members: Readonly<Record<string, Member>>): string | undefined {
  return Object.keys(members).find((name) =>
    Object.entries(members).some(([other, value]) => value === name && members[name] !== members[other]),
  );
}

/**
 * An Enum, or an IntEnum, whose members have names and values. As a variable the name travels, which is how Python knows
 * a member there. Inside an object it is the value: Pydantic's models are written with names and read with either, those
 * inside unions and tuples of a model and those of dataclasses are values both ways. So reading takes either.
 *
 * @param reads `values` where a name could be something else
 */
export function memberShape(
  members: Readonly<Record<string, Member>>,
  reads: 'names and values' | 'values' = 'names and values',
): Shape {
  const names = new Map<Member, string>();
  for (const [name, value] of Object.entries(members)) if (!names.has(value)) names.set(value, name);
  const valueOf = (value: unknown): Member | undefined => {
    const named = typeof value === 'string' && reads !== 'values' ? own(members, value) : undefined;
    if (named !== undefined) return named;
    if (typeof value === 'string') return names.has(value) ? value : undefined;
    // Whole numbers come as any of JavaScript's and msgpack's kinds.
    const number = typeof value === 'bigint' ? Number(value) : value;
    return typeof number === 'number' && names.has(number) ? number : undefined;
  };
  const nameOf = (value: unknown): string | undefined =>
    typeof value === 'string' || typeof value === 'number' ? names.get(value) : undefined;
  return primitiveShape({
    type: enumType([...names.values()]),
    tag: TAG,
    expected: oneOf([...names.keys()]),
    to(value) {
      const name = nameOf(value);
      return name === undefined ? undefined : { case: 'stringValue', value: name };
    },
    from: (opened) =>
      opened.case === 'stringValue' || opened.case === 'integer' || opened.case === 'floatValue'
        ? valueOf(opened.value)
        : undefined,
    pack(value) {
      if (nameOf(value) === undefined) return undefined;
      return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
    },
    unpack: valueOf,
  });
}

function enumType(values: readonly string[]): LiteralType {
  return create(LiteralTypeSchema, {
    type: { case: 'enumType', value: create(EnumTypeSchema, { values: [...values] }) },
  });
}

function oneOf(values: readonly Member[]): string {
  const some = values.slice(0, 10).map((value) => JSON.stringify(value));
  return `one of ${some.join(', ')}${values.length > some.length ? ', …' : ''}`;
}
