import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { WindowFilter } from './window-filter.js';

const token = (number: number): Buffer => Buffer.from(createHash('sha256').update(`${number}`).digest('base64url'));
const text = Buffer.from(
  Array.from({ length: 2000 }, (_, at) => `${at * 7919} GET /items/${at} took ${at % 97} ms, user=alice\n`).join(''),
);

/** Where it stops on its way through a text. */
function stops(filter: WindowFilter, bytes: Buffer): number[] {
  const ends: number[] = [];
  for (let at = 0; at < bytes.length;) {
    at = filter.next(bytes, at, bytes.length);
    ends.push(at);
  }
  return ends;
}

it.each([1, 600, 30_000])('passes over ordinary text, with %i forms', (count) => {
  const filter = new WindowFilter(count, 43);
  for (let number = 0; number < count; number += 1) filter.add(token(number), 43);
  expect(stops(filter, text).length).toBeLessThan(text.length / 50);
});

it.each([2, 3, 4, 5, 6, 7, 8, 9, 32])('stops at the end of each form, where the shortest has %i bytes', (shortest) => {
  const filter = new WindowFilter(100, shortest);
  const ends: number[] = [];
  const parts: Buffer[] = [];
  for (let number = 0, end = 0; number < 100; number += 1) {
    const form = token(number).subarray(0, number === 50 ? shortest : 40);
    filter.add(form, form.length);
    parts.push(form);
    ends.push((end += form.length));
  }
  expect(stops(filter, Buffer.concat(parts))).toEqual(expect.arrayContaining(ends));
  // Also where it starts shortly before one.
  for (const end of ends) expect(filter.next(Buffer.concat(parts), end - 1, end)).toBe(end);
  for (const end of ends) expect(filter.next(Buffer.concat(parts).subarray(0, end), end - 1, end)).toBe(end);
});

it('looks no further than it is asked to', () => {
  const filter = new WindowFilter(1, 6);
  filter.add(Buffer.from('secret'), 6);
  expect(filter.next(Buffer.from('a secret'), 0, 8)).toBe(8);
  expect(filter.next(Buffer.from('a secret and more'), 0, 7)).toBe(7);
  expect(filter.next(Buffer.from('a secret and more'), 0, 17)).toBe(8);
  expect(filter.next(Buffer.from('a secret and more'), 8, 17)).toBe(17);
});
