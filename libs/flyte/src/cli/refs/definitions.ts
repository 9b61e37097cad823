import { isRecord, own } from '../../literals/at.js';
import { resolveRef } from '../../literals/json-schema.js';
import type { JsonSchema } from '../../literals/standard-schema.js';
import { canonical } from './canonical.js';
import { type Names, pascalCase } from './ref-names.js';
import { type Classes, type Place, understood } from './metadata.js';

/** What Python wraps named tuples and typed dictionaries into. */
const WRAPPER = /^(?:NamedTuple|TypedDict)Wrapper_/;

/** The classes of a task's inputs and outputs, each known by the name of its constant in the file. */
export class Definitions implements Classes {
  /** By name, as JSON schemas of our own kind, which refer to each other by `#/$defs/<name>`. */
  readonly schemas: Record<string, JsonSchema> = {};
  readonly #known = new Map<string, string>();
  readonly #names: Names;
  readonly #prefix: string;

  /** @param prefix what the name of each begins with */
  constructor(names: Names, prefix: string) {
    this.#names = names;
    this.#prefix = prefix;
  }

  /** The root that the schemas' references point into. */
  get root(): JsonSchema {
    return { $defs: this.schemas };
  }

  refer(ref: string, place: Place): JsonSchema {
    return this.#add(resolveRef(place.document, ref), place, lastOf(ref));
  }

  define(node: JsonSchema, place: Place, title: string): JsonSchema {
    return this.#add(node, place, title);
  }

  #add(node: JsonSchema, place: Place, title: string): JsonSchema {
    const { title: given, ...said } = node;
    const name = typeof given === 'string' ? given : title;
    const key = JSON.stringify([place.python, name, canonical(said), canonical(reached(node, place.document))]);
    const known = this.#known.get(key);
    if (known !== undefined) return { $ref: `#/$defs/${known}` };
    const constant = this.#names.claim(this.#prefix + pascalCase(name.replace(WRAPPER, '')));
    this.#known.set(key, constant);
    // Known before it is made, for classes that refer to themselves.
    this.schemas[constant] = {};
    this.schemas[constant] = understood(node, { ...place, defined: true }, this);
    return { $ref: `#/$defs/${constant}` };
  }
}

/** All that a schema refers to, at any remove: classes of one name are the same where this is. */
function reached(node: JsonSchema, document: JsonSchema): [string, unknown][] {
  const found = new Map<string, unknown>();
  const look = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) look(item);
    if (!isRecord(value)) return;
    const ref = own(value, '$ref');
    if (typeof ref === 'string' && !found.has(ref)) {
      const target = resolveRef(document, ref);
      found.set(ref, target);
      look(target);
    }
    for (const field of Object.values(value)) look(field);
  };
  const { $defs: _, definitions: __, ...rest } = node;
  look(rest);
  return [...found].toSorted(([one], [other]) => (one < other ? -1 : 1));
}

function lastOf(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}
