import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { Fingerprints } from './fingerprints.js';

function endsOf(set: Fingerprints, bytes: Uint8Array, end: number): [length: number, flags: number][] {
  const members: [number, number][] = [];
  set.visit(bytes, end, (length, flags) => members.push([length, flags]));
  return members;
}

it('knows what it was given, up to the last one it has room for, and nothing else', () => {
  for (const count of [0, 1, 10, 11, 1000, 5000]) {
    const set = new Fingerprints(count);
    const bytes = randomBytes(32 * count);
    for (let at = 0; at < count; at += 1) set.add(bytes, 32 * at + 32, 32, at);
    for (let at = 0; at < count; at += 1) expect(endsOf(set, bytes, 32 * at + 32)).toEqual([[32, at]]);
    const others = randomBytes(2_000);
    for (let end = 1; end <= others.length; end += 1) expect(endsOf(set, others, end)).toEqual([]);
  }
});

it('tells each member that a text ends with, the shortest first', () => {
  const set = new Fingerprints(10);
  const add = (text: string, flags: number): void => set.add(Buffer.from(text), text.length, text.length, flags);
  for (const [text, flags] of [
    ['a', 1],
    ['ba', 2],
    ['bba', 4],
    ['bba', 8],
    ['xba', 16],
  ] as const)
    add(text, flags);
  expect(endsOf(set, Buffer.from('bbba!'), 4)).toEqual([
    [1, 1],
    [2, 2],
    [3, 12],
  ]);
  expect(endsOf(set, Buffer.from('bbba!'), 5)).toEqual([]);
  expect(endsOf(set, Buffer.from('ba'), 2)).toEqual([
    [1, 1],
    [2, 2],
  ]);
});
