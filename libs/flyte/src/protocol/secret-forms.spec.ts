import { Buffer } from 'node:buffer';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { secretForms } from './secret-forms.js';

const formsOf = (value: string): string[] => [...secretForms(Buffer.from(value))].map((form) => form.toString());

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
    ['hex with colons', (Buffer.from(value).toString('hex').match(/../g) ?? []).join(':')],
    ['hex with dashes in capitals', (Buffer.from(value).toString('hex').toUpperCase().match(/../g) ?? []).join('-')],
    ['hex with blanks in capitals', (Buffer.from(value).toString('hex').toUpperCase().match(/../g) ?? []).join(' ')],
    ['PHP’s JSON', `a\\/b~c*d e!f'g(h)i+j<k>l&m\\"n\\\\o\\u00e9u\\u2028v`],
    ['PHP’s JSON with Unicode', `a\\/b~c*d e!f'g(h)i+j<k>l&m\\"n\\\\oéu\u2028v`],
    ['Python’s repr', `a/b~c*d e!f\\'g(h)i+j<k>l&m"n\\\\oéu\\u2028v`],
    ['Python’s repr of bytes', `a/b~c*d e!f\\'g(h)i+j<k>l&m"n\\\\o\\xc3\\xa9u\\xe2\\x80\\xa8v`],
    ['HTML’s text', `a/b~c*d e!f'g(h)i+j&lt;k&gt;l&amp;m"n\\oéu\u2028v`],
    ['an attribute', `a/b~c*d e!f'g(h)i+j&lt;k&gt;l&amp;m&quot;n\\oéu\u2028v`],
    ['Python’s HTML', `a/b~c*d e!f&#x27;g(h)i+j&lt;k&gt;l&amp;m&quot;n\\oéu\u2028v`],
    ['JavaScript’s HTML', `a/b~c*d e!f&#39;g(h)i+j&lt;k&gt;l&amp;m&quot;n\\oéu\u2028v`],
    ['Go’s HTML', `a/b~c*d e!f&#39;g(h)i+j&lt;k&gt;l&amp;m&#34;n\\oéu\u2028v`],
    ['XML', `a/b~c*d e!f&apos;g(h)i+j&lt;k&gt;l&amp;m&quot;n\\oéu\u2028v`],
  ])('have %s', (_who, form) => {
    expect(formsOf(value)).toContain(form);
  });

  it('have JSON in which all is escaped, in small letters and in capitals', () => {
    expect(formsOf('jé/k')).toEqual(
      expect.arrayContaining(['\\u006a\\u00e9\\u002f\\u006b', '\\u006A\\u00E9\\u002F\\u006B']),
    );
  });

  it('have what Python shows of what can’t be printed', () => {
    expect(formsOf("x'y\0\u00a0\u00ad😀\u200b\ue000\t\r\n\x7f!")).toContain(
      "x'y\\x00\\xa0\\xad😀\\u200b\\ue000\\t\\r\\n\\x7f!",
    );
    const bytes = [...secretForms(Buffer.from('x"y\'\xff\\', 'latin1'))].map((form) => form.toString('latin1'));
    expect(bytes).toContain('x"y\\\'\\xff\\\\');
  });

  it.each([64, 76])('have base64 in lines of %i characters, and each full one of them', (columns) => {
    const secret = Buffer.from(Array.from({ length: 200 }, (_, at) => (at * at) % 251));
    const lines = secret.toString('base64').match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
    const forms = [...secretForms(secret)].map((form) => form.toString('latin1'));
    expect(forms).toEqual(expect.arrayContaining([lines.join('\n'), lines.join('\r\n'), ...lines.slice(0, -1)]));
    expect(forms).not.toContain(lines.at(-1));
  });

  it('are each there once', () => {
    for (const one of [value, 'abcdef', 'lines\nof text\n', 'x'.repeat(100)]) {
      expect(new Set(formsOf(one)).size).toBe(formsOf(one).length);
    }
  });

  it('are the usual ones of what is longer than 64 KiB', () => {
    const [short, long] = [formsOf('"'.repeat(64 * 1024)), formsOf('"'.repeat(64 * 1024 + 1))];
    expect(short).toContain('&quot;'.repeat(64 * 1024));
    expect(long).not.toContain('&quot;'.repeat(64 * 1024 + 1));
    const bytes = Buffer.from('"'.repeat(64 * 1024 + 1));
    for (const form of [
      bytes.toString(),
      bytes.toString('hex'),
      bytes.toString('base64url'),
      '\\"'.repeat(64 * 1024 + 1),
    ])
      expect(long.includes(form)).toBe(true);
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
    const forms = [...secretForms(Buffer.concat([one, Buffer.from('\n'), two, Buffer.from('\n')]))];
    for (const form of [one, two, Buffer.concat([one, Buffer.from('\n'), two])])
      expect(forms.some((bytes) => bytes.equals(form))).toBe(true);
  });

  it.each([0, 1, 2])('have the base64url of a longer text in which %i bytes precede the value', (before) => {
    const secret = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const text = Buffer.concat([Buffer.alloc(before, ':'), secret, Buffer.from('!')]).toString('base64url');
    expect(text).toMatch(/-.*_|_.*-/);
    // But for the characters that it shares with its neighbours.
    const found = [...secretForms(secret)].filter((form) => text.includes(form.toString()));
    expect(Math.max(...found.map((form) => form.length))).toBeGreaterThanOrEqual(340);
  });
});
