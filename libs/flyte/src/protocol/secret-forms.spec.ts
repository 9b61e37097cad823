import { Buffer } from 'node:buffer';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { secretForms } from './secret-forms.js';

const formsOf = (value: string): string[] => secretForms(Buffer.from(value)).map((form) => form.toString());

describe('the forms of a secret', () => {
  const value = `a/b~c*d e!f'g(h)i+j<k>l&m"n\\oéu\u2028v`;
  // RFC 3986 at its strictest.
  const strict = 'a%2Fb~c%2Ad%20e%21f%27g%28h%29i%2Bj%3Ck%3El%26m%22n%5Co%C3%A9u%E2%80%A8v';

  it.each([
    ['as it is', value],
    ['RFC 3986', strict],
    ['Python’s quote, which spares the slash', strict.replaceAll('%2F', '/')],
    ['JavaScript’s encodeURIComponent', encodeURIComponent(value)],
    ['a form', new URLSearchParams([['', value]]).toString().slice(1)],
    ['RFC 3986 in small letters', strict.replaceAll(/%../g, (code) => code.toLowerCase())],
    ['JavaScript’s JSON', `a/b~c*d e!f'g(h)i+j<k>l&m\\"n\\\\oéu\u2028v`],
    ['Go’s JSON', `a/b~c*d e!f'g(h)i+j\\u003ck\\u003el\\u0026m\\"n\\\\oéu\\u2028v`],
    ['Python’s JSON', `a/b~c*d e!f'g(h)i+j<k>l&m\\"n\\\\o\\u00e9u\\u2028v`],
    ['a Buffer, shown', inspect(Buffer.from(value)).slice('<Buffer '.length, -1)],
    ['a Buffer’s JSON', JSON.stringify([...Buffer.from(value)]).slice(1, -1)],
    ['a list of bytes in Python', [...Buffer.from(value)].join(', ')],
  ])('have %s', (_who, form) => {
    expect(formsOf(value)).toContain(form);
  });

  it('have what Node shows of a Buffer that is longer than it shows', () => {
    const long = 'x'.repeat(60);
    expect(inspect(Buffer.from(long))).toBe(`<Buffer ${'78 '.repeat(50)}... 10 more bytes>`);
    expect(formsOf(long)).toContain('78 '.repeat(50).trim());
  });

  it('are those of a value from 4 bytes on, and without the blanks around it', () => {
    expect(formsOf('abc')).toEqual([]);
    expect(formsOf('abcd')).toContain('abcd');
    expect(formsOf('\t\r\n abcd \r\n\t')).toEqual(expect.arrayContaining(['\t\r\n abcd \r\n\t', 'abcd', '61626364']));
    expect(formsOf('abcd').filter((form) => form.length < 4)).toEqual([]);
  });

  it('are those of its first 1000 lines too, from 8 bytes on, without the blanks around them', () => {
    expect(formsOf('12345678\r\n\t7654321\n  87654321 ')).toEqual(expect.arrayContaining(['12345678', '87654321']));
    expect(formsOf('12345678\n7654321')).not.toContain('7654321');
    const many = formsOf(Array.from({ length: 1001 }, (_, line) => `line ${line + 10_000}`).join('\r\n'));
    expect([many.includes('line 10999'), many.includes('line 11000')]).toEqual([true, false]);
  });

  it('are those of bytes that are no text, too', () => {
    const [one, two] = [Buffer.from('fffefdfcfbfaf9f8', 'hex'), Buffer.from('8182838485868788', 'hex')];
    const forms = secretForms(Buffer.concat([one, Buffer.from('\n'), two, Buffer.from('\n')]));
    for (const form of [one, two, Buffer.concat([one, Buffer.from('\n'), two])])
      expect(forms.some((bytes) => bytes.equals(form))).toBe(true);
  });

  it.each([0, 1, 2])('have the base64url of a longer text in which %i bytes precede the value', (before) => {
    const secret = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const text = Buffer.concat([Buffer.alloc(before, ':'), secret, Buffer.from('!')]).toString('base64url');
    expect(text).toMatch(/-.*_|_.*-/);
    // But for the characters that it shares with its neighbours.
    const found = secretForms(secret).filter((form) => text.includes(form.toString()));
    expect(Math.max(...found.map((form) => form.length))).toBeGreaterThanOrEqual(340);
  });
});
