import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REDACTED } from './redacted-text.js';
import { Redactor } from './redactor.js';
import { secretForms } from './secret-forms.js';

// By itself, as it takes seconds: `npm run test:mutation` goes without it.
it('Redactor finds every form wherever the chunks are cut, and changes nothing else', () => {
  const secret = fc.string({ minLength: 4, maxLength: 24, unit: 'grapheme' }).filter((s) => s.trim().length >= 4);
  fc.assert(
    fc.property(
      fc.array(secret, { minLength: 1, maxLength: 3 }),
      fc.array(fc.oneof(fc.string(), fc.nat({ max: 200 })), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
      (secrets, parts, cuts) => {
        const forms = secrets.flatMap((value) => [...secretForms(Buffer.from(value))]);
        const text = Buffer.concat(
          parts.map((part) =>
            typeof part === 'string' ? Buffer.from(part) : (forms[part % forms.length] ?? Buffer.alloc(0)),
          ),
        );
        const stream = new Redactor(secrets).stream();
        const given: Buffer[] = [];
        for (let at = 0, cut = 0; at < text.length; cut += 1) {
          const length = cuts[cut % cuts.length] ?? 1;
          given.push(stream.write(text.subarray(at, at + length)));
          at += length;
        }
        given.push(stream.end());
        const shown = Buffer.concat(given);
        expect(shown.equals(Buffer.from(mask(text, forms)))).toBe(true);
        // Only a secret made of asterisks can be read out of a mask.
        for (const form of forms.filter((bytes) => !bytes.includes(42))) expect(shown.includes(form)).toBe(false);
      },
    ),
    { numRuns: 500 },
  );
});

it('Redactor leaves ordinary text as it is, whatever it looks for', async () => {
  const tokens = Array.from({ length: 1000 }, () => `ghp_${randomBytes(27).toString('base64url')}`);
  const lines = Array.from({ length: 1000 }, () => randomBytes(48).toString('base64')).join('\n');
  const redactor = await Redactor.of([...tokens, lines, randomBytes(100_000)]);
  const text = Array.from({ length: 20_000 }, (_, at) => `${at * 7919} GET /items/${at} took ${at % 97} ms\n`).join('');
  const stream = redactor.stream();
  const parts: Buffer[] = [];
  for (let at = 0; at < text.length; at += 1000) parts.push(stream.write(text.slice(at, at + 1000)));
  expect(Buffer.concat([...parts, stream.end()]).equals(Buffer.from(text))).toBe(true);
});

describe('a secret of a megabyte', () => {
  const periodic = Buffer.alloc(1024 * 1024, 'tr0ub4dor&3\n');
  const random = randomBytes(1024 * 1024);

  it.each([
    ['lines that are all the same', periodic],
    ['bytes', random],
  ])('of %s is hidden, raw and encoded', async (_what, value) => {
    const redactor = await Redactor.of([value]);
    for (const text of [value, Buffer.from(value.toString('base64')), Buffer.from(value.toString('hex'))]) {
      const stream = redactor.stream();
      const parts = [stream.write('<')];
      for (let at = 0; at < text.length; at += 65_536) parts.push(stream.write(text.subarray(at, at + 65_536)));
      expect(Buffer.concat([...parts, stream.write('>'), stream.end()]).toString('latin1')).toBe(`<${REDACTED}>`);
    }
  });

  it('is hidden in a time that the length of the text alone says, where it is everywhere', async () => {
    // Compared anew at each byte, these would take hours.
    const redactor = await Redactor.of(['a'.repeat(2 ** 20), `${'a'.repeat(2 ** 19)}b`, 'aaaaa']);
    const stream = redactor.stream();
    const parts = Array.from({ length: 32 }, () => stream.write('a'.repeat(2 ** 16)));
    expect(Buffer.concat([...parts, stream.end()]).toString()).toBe(REDACTED);
  });

  it('lets others work while it is prepared', async () => {
    let turns = 0;
    const count = (): void => {
      turns += 1;
      turn = setImmediate(count);
    };
    let turn = setImmediate(count);
    await Redactor.of([random]);
    clearImmediate(turn);
    expect(turns).toBeGreaterThan(3);
  });
});

/** The same by brute force. */
function mask(text: Buffer, forms: readonly Buffer[]): Buffer {
  const hidden = new Set<number>();
  for (const form of forms) {
    for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) {
      for (let offset = 0; offset < form.length; offset += 1) hidden.add(at + offset);
    }
  }
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (!hidden.has(at)) bytes.push(text[at] ?? 0);
    else if (!hidden.has(at - 1)) bytes.push(...Buffer.from(REDACTED));
  }
  return Buffer.from(bytes);
}
