/** Tells the objects of one class, whichever copy of the library in the process made them. */
export interface Brand<T extends object> {
  /** Marks an object, out of sight of whoever lists its properties. */
  readonly mark: (object: T) => void;
  /** Whether a value is marked. */
  readonly is: (value: unknown) => value is T;
}

/** @param name of the class: by it, two copies of the library agree */
export function brand<T extends object>(name: string): Brand<T> {
  const key = Symbol.for(`nestjs-flyte.${name}`);
  return {
    mark: (object) => void Object.defineProperty(object, key, { value: true }),
    is: (value): value is T => hasKey(value, key),
  };
}

/** Whether a value is an object with a property of this key, its own or inherited. */
export function hasKey(value: unknown, key: symbol): boolean {
  return typeof value === 'object' && value !== null && key in value;
}
