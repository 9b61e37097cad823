import { randomFillSync } from 'node:crypto';

/** The longest run of bytes that has a fingerprint. */
export const MOST_BYTES = 32;

/** How many low bits of an entry are the caller's; above them is the length. */
const FLAG_BITS = 24;
const FLAGS = 2 ** FLAG_BITS - 1;

/**
 * A set of short byte strings, each with flags, that is asked what of it a text ends with. It keeps two keyed hashes of each
 * and no bytes: some dozen spellings of every secret would lie in memory otherwise. Of one hash all 32 bits are compared, the
 * other picks the slot. So by chance some other text may be taken for a member, in each hundred gigabytes or so; a member is
 * never missed.
 */
export class Fingerprints {
  readonly #seeds = randomFillSync(new Int32Array(2));
  readonly #hasLength = new Uint8Array(MOST_BYTES + 1);
  /** Pairs of a hash and an entry, which is 0 where the slot is free. */
  readonly #slots: Int32Array;
  readonly #shift: number;

  /** @param most how many byte strings will be added at most */
  constructor(most: number) {
    const bits = Math.max(4, Math.ceil(Math.log2(most * 1.5 + 1)));
    this.#slots = new Int32Array(2 * 2 ** bits);
    this.#shift = 32 - bits;
  }

  /** Adds the `length` bytes that end at `end`; the flags of equal ones are united. */
  add(bytes: Uint8Array, end: number, length: number, flags: number): void {
    let [a = 0, b = 0] = this.#seeds;
    for (let at = end - 1; at >= end - length; at -= 1) {
      const byte = bytes[at] ?? 0;
      a = mixed(a, byte, 0x9e3779b1);
      b = mixed(b, byte, 0x85ebca77);
    }
    const slot = this.#slotOf(a, b, length);
    this.#slots[slot] = b;
    this.#slots[slot + 1] = (this.#slots[slot + 1] ?? 0) | (length << FLAG_BITS) | flags;
    this.#hasLength[length] = 1;
  }

  /** Visits the members that end at `end`, the shortest first. */
  visit(bytes: Uint8Array, end: number, visitor: (length: number, flags: number) => void): void {
    const most = Math.min(MOST_BYTES, end);
    let [a = 0, b = 0] = this.#seeds;
    for (let length = 1; length <= most; length += 1) {
      const byte = bytes[end - length] ?? 0;
      a = mixed(a, byte, 0x9e3779b1);
      b = mixed(b, byte, 0x85ebca77);
      if (this.#hasLength[length] === 0) continue;
      const entry = this.#slots[this.#slotOf(a, b, length) + 1] ?? 0;
      if (entry !== 0) visitor(length, entry & FLAGS);
    }
  }

  /** Where these hashes are, or where there is room for them. */
  #slotOf(a: number, b: number, length: number): number {
    const slots = this.#slots;
    let slot = 2 * (a >>> this.#shift);
    for (;;) {
      const entry = slots[slot + 1] ?? 0;
      if (entry === 0 || (slots[slot] === b && entry >>> FLAG_BITS === length)) return slot;
      slot = (slot + 2) & (slots.length - 1);
    }
  }
}

/** One step of FNV, with a shift that lets the high bits act on the low ones. */
function mixed(hash: number, byte: number, prime: number): number {
  const product = Math.imul(hash ^ byte, prime);
  return product ^ (product >>> 15);
}
