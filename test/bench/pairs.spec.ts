import { describe, expect, it } from 'vitest';
import { inPairs, inTurn, quantile, spreadOf } from './pairs.js';

describe('pairs', () => {
  it('take turns, and change who is first', async () => {
    const order: string[] = [];
    const side = (name: string) => async () => {
      order.push(`${name} begins`);
      await Promise.resolve();
      order.push(`${name} ends`);
      return `${name}${order.length}`;
    };
    expect(await inPairs(3, side('a'), side('b'))).toEqual([
      ['a2', 'b4'],
      ['a8', 'b6'],
      ['a10', 'b12'],
    ]);
    expect(
      order
        .filter((line) => line.endsWith('begins'))
        .map(([name]) => name)
        .join(''),
    ).toBe('abbaab');
    expect(order.every((line, i) => line.endsWith(i % 2 === 0 ? 'begins' : 'ends'))).toBe(true);
  });

  it('are of any number', async () => {
    let at = 0;
    const side = async (): Promise<number> => at++;
    expect(await inTurn(2, [side, side, side])).toEqual([
      [0, 5],
      [1, 4],
      [2, 3],
    ]);
  });

  it('end with the first side that fails', async () => {
    const fails = async (): Promise<never> => {
      throw new Error('no server');
    };
    await expect(inPairs(9, fails, async () => 1)).rejects.toThrow('no server');
  });
});

describe('a spread', () => {
  it.each([
    [[3, 1, 2], { median: 2, min: 1, max: 3 }],
    [[4, 1], { median: 2.5, min: 1, max: 4 }],
    [[10, 9, 100], { median: 10, min: 9, max: 100 }],
    [[7], { median: 7, min: 7, max: 7 }],
  ])('of %j has the middle and the ends', (values, spread) => {
    expect(spreadOf(values)).toEqual(spread);
  });

  it.each([[[]], [[1, NaN]], [[Infinity]]])('of %j is none', (values) => {
    expect(() => spreadOf(values)).toThrow(RangeError);
  });

  it('leaves what it was given in its order', () => {
    const values = [3, 1, 2];
    spreadOf(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

it('a quantile lies between its neighbours', () => {
  expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9);
  expect(
    quantile(
      Float64Array.from({ length: 101 }, (_, i) => i),
      0.99,
    ),
  ).toBe(99);
});
