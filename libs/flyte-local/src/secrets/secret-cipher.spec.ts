import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KEY_BYTES, seal, unseal } from './secret-cipher.js';

const key = randomBytes(KEY_BYTES);
const REFUSED = /authenticate|too short/;

describe('a sealed value', () => {
  it.each([0, 1, 16, 100_000])('of %i bytes comes back, and looks different each time', (length) => {
    const value = randomBytes(length);
    const [one, two] = [seal(key, 'a', value), seal(key, 'a', value)];
    expect(unseal(key, 'a', one)).toEqual(value);
    expect(one).not.toEqual(two);
  });

  it('is refused under another key, in another place, and with any bit changed', () => {
    const sealed = seal(key, 'place', Buffer.from('value'));
    expect(() => unseal(randomBytes(KEY_BYTES), 'place', sealed)).toThrow(REFUSED);
    expect(() => unseal(key, 'elsewhere', sealed)).toThrow(REFUSED);
    expect(() => unseal(key, 'place', sealed.subarray(1))).toThrow(REFUSED);
    expect(() => unseal(key, 'place', new Uint8Array())).toThrow(REFUSED);
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => unseal(key, 'place', changed)).toThrow(REFUSED);
    }
  });
});
