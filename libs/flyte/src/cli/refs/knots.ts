import { isRecord } from '../../literals/at.js';
import { asSchema } from '../../literals/json-schema.js';
import type { JsonSchema } from '../../literals/standard-schema.js';

/** Which definitions refer to themselves, at any remove. */
export class Knots {
  readonly #reached: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(schemas: Readonly<Record<string, JsonSchema>>) {
    const direct = new Map(Object.entries(schemas).map(([name, schema]) => [name, referred(schema)]));
    this.#reached = new Map(
      [...direct].map(([name, names]) => {
        const reached = new Set(names);
        for (const one of reached) for (const further of direct.get(one) ?? []) reached.add(further);
        return [name, reached];
      }),
    );
  }

  /** Whether a definition refers to itself. */
  isTied(name: string): boolean {
    return this.#reached.get(name)?.has(name) === true;
  }

  /** Whether a part of a definition refers to what refers back to the definition. */
  ties(part: unknown, definition: string | undefined): boolean {
    if (definition === undefined) return false;
    return [...referred(part)].some((name) => this.#reached.get(name)?.has(definition));
  }

  /** The definitions that schemas refer to, each after those it refers to itself, but for what refers back. */
  inOrder(schemas: readonly JsonSchema[]): string[] {
    const order = new Set<string>();
    const begun = new Set<string>();
    const visit = (name: string): void => {
      if (begun.has(name)) return;
      begun.add(name);
      const others = [...(this.#reached.get(name) ?? [])].toSorted();
      for (const other of others) if (!this.#reached.get(other)?.has(name)) visit(other);
      order.add(name);
      for (const other of others) visit(other);
    };
    for (const schema of schemas) for (const name of [...referred(schema)].toSorted()) visit(name);
    return [...order];
  }
}

/** The names of the definitions that a schema refers to, its default aside: that is a value, whatever it looks like. */
function referred(schema: unknown): Set<string> {
  const found = new Set<string>();
  const look = (part: unknown): void => {
    const { $ref, properties, additionalProperties, items, prefixItems, anyOf } = asSchema(part);
    if (typeof $ref === 'string') found.add(nameOf($ref));
    const parts = [
      isRecord(properties) ? Object.values(properties) : [],
      additionalProperties,
      items,
      prefixItems,
      anyOf,
    ];
    for (const one of parts.flat()) if (isRecord(one)) look(one);
  };
  look(schema);
  return found;
}

/** The name that a reference has. */
export function nameOf(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}
