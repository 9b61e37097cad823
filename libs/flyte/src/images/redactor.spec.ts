import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REDACTED, Redactor } from './redactor.js';
import { secretForms } from './secret-forms.js';

const TOKEN = 'npm_s3cr3t/token+with?odd&chars~';
const PEM = '-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ\nzZ0kq1WmA9vYbU8rQ==\n-----END KEY-----\n';

describe('Redactor', () => {
  const redactor = new Redactor([TOKEN]);

  it.each([
    ['raw', TOKEN],
    ['base64', Buffer.from(TOKEN).toString('base64')],
    ['base64url', Buffer.from(TOKEN).toString('base64url')],
    ['hex', Buffer.from(TOKEN).toString('hex')],
    ['hex in upper case', Buffer.from(TOKEN).toString('hex').toUpperCase()],
    ['URL-encoded', encodeURIComponent(TOKEN)],
    ['URL-encoded in lower case', encodeURIComponent(TOKEN).replaceAll(/%../g, (code) => code.toLowerCase())],
    ['form-encoded', new URLSearchParams({ t: TOKEN }).toString().slice(2)],
  ])('hides %s', (_name, form) => {
    expect(redactor.redact(`before ${form} after`)).toBe(`before ${REDACTED} after`);
  });

  it.each(['', 'u', 'us', 'usr'])('hides the token inside Basic credentials of user %j', (user) => {
    const basic = Buffer.from(`${user}:${TOKEN}!`).toString('base64');
    const shown = redactor.redact(`authorization: Basic ${basic}`);
    expect(shown).toContain(REDACTED);
    expect(shown.length).toBeLessThan(34 + REDACTED.length);
  });

  it('hides each line of a key where the log puts a prefix before every line', () => {
    const log = PEM.split('\n').map((line) => `#5 0.1 ${line}`);
    const shown = new Redactor([PEM]).redact(log.join('\n'));
    expect(shown).not.toContain('MC4CAQAw');
    expect(shown).not.toContain('zZ0kq1Wm');
  });

  it('hides a value that JSON escaped, and the value of a file without its last newline', () => {
    expect(new Redactor(['say "friend"']).redact(JSON.stringify({ a: 'say "friend"' }))).toBe(`{"a":"${REDACTED}"}`);
    expect(new Redactor(['from-a-file\n']).redact('token=from-a-file;')).toBe(`token=${REDACTED};`);
  });

  it('hides bytes that are no text', () => {
    const value = Uint8Array.from([0xff, 0, 0xfe, 1, 0x80]);
    const stream = new Redactor([value]).stream();
    const shown = Buffer.concat([stream.write(Uint8Array.from([65, ...value, 66])), stream.end()]);
    expect(shown.toString('latin1')).toBe(`A${REDACTED}B`);
  });

  it('leaves what is too short to be a secret, and gives text without secrets out at once', () => {
    expect(new Redactor(['abc', '']).redact('abc abc')).toBe('abc abc');
    expect(redactor.stream().write('compiling…').toString()).toBe('compiling…');
  });

  it('finds every form wherever the chunks are cut, and changes nothing else', () => {
    const secret = fc.string({ minLength: 4, maxLength: 24, unit: 'grapheme' }).filter((s) => s.trim().length >= 4);
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 3 }),
        fc.array(fc.oneof(fc.string(), fc.nat({ max: 200 })), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
        (secrets, parts, cuts) => {
          const forms = secrets.flatMap((value) => secretForms(Buffer.from(value)));
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
