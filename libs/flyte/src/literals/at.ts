import { FlyteError } from '../errors/flyte-error.js';

/**
 * How deep a value may nest. Python's msgpack stops at 511 levels and protobuf at 100 messages; a list that contains
 * itself would never end.
 */
export const MAX_DEPTH = 100;

/** What is wrong with a value, and how far in: where several schemas could fit, the one that came furthest tells. */
export class Misfit extends FlyteError {
  readonly #depth: number;

  /** @param depth how many steps below the root */
  constructor(message: string, depth: number) {
    super('invalid_argument', message);
    this.#depth = depth;
  }

  /** The one that is furthest in, and further than a place; undefined where there is none. */
  static furthest(errors: readonly unknown[], beyond: At): Misfit | undefined {
    const further = errors.filter((error): error is Misfit => error instanceof Misfit && error.#depth > beyond.depth);
    return further.toSorted((one, other) => other.#depth - one.#depth)[0];
  }
}

/** Where in a task's inputs or outputs a value stands: what an error names instead of the value. */
export class At {
  readonly #name: string | number;
  readonly #above: At | undefined;
  readonly #depth: number;

  /** @param name the root's name, such as `inputs` */
  constructor(name: string | number, above?: At) {
    this.#name = name;
    this.#above = above;
    this.#depth = above === undefined ? 0 : above.#depth + 1;
  }

  /**
   * The place one step further in.
   *
   * @throws FlyteError `invalid_argument` beyond {@link MAX_DEPTH} steps
   */
  child(name: string | number): At {
    if (this.#depth >= MAX_DEPTH) {
      throw new FlyteError(
        'invalid_argument',
        `${this.toString().slice(0, 80)}… nests deeper than ${MAX_DEPTH} levels.`,
      );
    }
    return new At(name, this);
  }

  /** How many steps below the root. */
  get depth(): number {
    return this.#depth;
  }

  /** The error for a value that doesn't belong here. It tells the value's kind, and never the value. */
  wrong(expected: string, value: unknown): FlyteError {
    return this.problem(`expected ${expected}, got ${kindOf(value)}`);
  }

  /** {@link wrong} for a value that has come from elsewhere, where whole numbers are bigints. */
  wrongOnArrival(expected: string, value: unknown): FlyteError {
    return typeof value === 'bigint' && !Number.isSafeInteger(Number(value))
      ? this.problem(`expected ${expected}, got a whole number beyond 2^53, which only a bigint schema carries`)
      : this.wrong(expected, value);
  }

  /** The error for something else that is wrong here. */
  problem(message: string): FlyteError {
    return new Misfit(`${this.toString()}: ${message}.`, this.#depth);
  }

  /** As one would write it in code: `inputs.users[2].name`, `inputs.counts["a b"]`. */
  toString(): string {
    return this.#above === undefined ? String(this.#name) : this.#above.toString() + step(this.#name);
  }
}

/** One step of a path: `.name`, `[2]`, `["a b"]`. */
export function step(name: string | number): string {
  if (typeof name === 'number') return `[${name}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** What kind of value it is, in words: `text`, `a list of 3`, `a Map`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return 'NaN';
    return Number.isInteger(value)
      ? 'a whole number' + (Number.isSafeInteger(value) ? '' : ' beyond 2^53')
      : 'a number';
  }
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? 'a bigint' : 'a bigint beyond 64 bits';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'an invalid Date';
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return 'an object';
  const name: unknown = typeof value.constructor === 'function' ? value.constructor.name : undefined;
  return typeof name === 'string' && name !== '' ? `an object of class ${name}` : 'an object';
}

/** Whether a value is an object with fields, not a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is an object that has fields and no class. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return isRecord(value) && kindOf(value) === 'an object';
}

/** A field of the object itself; what it inherits, such as `constructor`, doesn't count. */
export function own<T>(value: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}
