import { describe, expect, it } from 'vitest';
import { brand, hasKey } from './brand.js';

interface Thing {
  readonly name: string;
}

describe('brand', () => {
  const things = brand<Thing>('spec.Thing');
  const marked = (): Thing => {
    const thing = { name: 'a' };
    things.mark(thing);
    return thing;
  };

  it('tells what was marked, also by another copy of the library, and what inherits from it', () => {
    expect(things.is(marked())).toBe(true);
    expect(brand<Thing>('spec.Thing').is(marked())).toBe(true);
    expect(things.is(Object.create(marked()))).toBe(true);
  });

  it.each([[undefined], [null], ['spec.Thing'], [1], [{ name: 'a' }], [() => undefined]])(
    'does not take %o',
    (value) => {
      expect(things.is(value)).toBe(false);
      expect(brand<Thing>('spec.Other').is(value)).toBe(false);
    },
  );

  it('does not show in what is listed, copied or encoded, and stays', () => {
    const thing = marked();
    expect(Object.keys(thing)).toEqual(['name']);
    expect(things.is({ ...thing })).toBe(false);
    expect(Reflect.deleteProperty(thing, Symbol.for('nestjs-flyte.spec.Thing'))).toBe(false);
    expect(JSON.stringify(thing)).toBe('{"name":"a"}');
  });
});

describe('hasKey', () => {
  it('asks objects only', () => {
    const key = Symbol('key');
    expect([hasKey({ [key]: undefined }, key), hasKey({}, key), hasKey(null, key), hasKey('', key)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
