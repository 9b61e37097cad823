import { secretForms } from 'nestjs-flyte/protocol';
import { describe, expect, it } from 'vitest';
import { MASK, Redactor, redactText } from './redactor.js';

const VALUE = 'p@ss/w0rd+with=signs & blanks';

function shown(value: string | Uint8Array, text: string | Uint8Array, chunk = Infinity): string {
  const redactor = new Redactor(secretForms(Buffer.from(value)));
  const bytes = Buffer.from(text);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunk) parts.push(redactor.push(bytes.subarray(at, at + chunk)));
  return Buffer.concat([...parts, redactor.end()]).toString('latin1');
}

describe('a redactor', () => {
  const bytes = Buffer.from(VALUE);
  const spellings: [string, string][] = [
    ['raw', VALUE],
    ['base64', bytes.toString('base64')],
    ['base64url', bytes.toString('base64url')],
    ['hex', bytes.toString('hex')],
    ['hex in capitals', bytes.toString('hex').toUpperCase()],
    ['encodeURIComponent', encodeURIComponent(VALUE)],
    ['a form', new URLSearchParams({ a: VALUE }).toString().slice(2)],
    ['a Buffer', [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')],
    ['a Buffer in JSON', JSON.stringify(bytes.toJSON().data).slice(1, -1)],
    ['JSON', JSON.stringify(`a"b${VALUE}`).slice(4, -1)],
  ];

  it.each(spellings)('hides %s, however it is cut', (_name, text) => {
    for (const chunk of [1, 2, 3, 5, 7, 1000]) {
      const line = shown(VALUE, `before ${text} behind`, chunk);
      expect(line).not.toContain(text);
      // A few bits of base64 belong to its neighbours as well.
      expect(line).toMatch(/^before .?\*\*\*.{0,3} behind$/s);
    }
  });

  it('hides base64 at each alignment, as in a Basic header', () => {
    for (const user of ['a', 'ab', 'abc', 'abcd']) {
      const header = Buffer.from(`${user}:${VALUE}!!`).toString('base64');
      expect(shown(VALUE, header, 3)).toContain(MASK);
      expect(shown(VALUE, header, 3).length).toBeLessThan(20);
    }
  });

  it('leaves everything else as it is, and holds nothing back for ever', () => {
    const text = 'p@ss/w0r is only its beginning';
    for (const chunk of [1, 4, 100]) expect(shown(VALUE, text, chunk)).toBe(text);
    expect(shown(VALUE, 'ends with p@ss')).toBe('ends with p@ss');
    expect(shown('', 'nothing to hide')).toBe('nothing to hide');
    expect(shown('ab', 'a cab, too short a secret')).toBe('a cab, too short a secret');
  });

  it('hides repeated, adjacent and overlapping ones', () => {
    expect(shown('secret', 'secretsecret secret', 1)).toBe('****** ***');
    expect(
      redactText([...secretForms(Buffer.from('abcdef')), ...secretForms(Buffer.from('abcdefghij'))], 'xabcdefghijx'),
    ).toBe('x***x');
  });

  it('hides each longer line of a value of many lines, and a value without its line end', () => {
    const key = '-----BEGIN KEY-----\nMC4CAQAwBQYDK2Vw\nBCIEIHtqYKbZ\n-----END KEY-----\n';
    const lines = key
      .trim()
      .split('\n')
      .map((line) => `> ${line}`)
      .join('\n');
    expect(shown(key, lines, 5)).toBe('> ***\n> ***\n> ***\n> ***');
    expect(shown('hunter22\n', 'it is hunter22!', 2)).toBe('it is ***!');
  });

  it('hides a long value that differs from another one late', () => {
    const [one, two] = ['a'.repeat(50) + 'b'.repeat(50), 'a'.repeat(50) + 'c'.repeat(50)];
    const redactor = new Redactor([one, two].map((text) => Buffer.from(text)));
    const text = `x${two}y`;
    const parts = [text.slice(0, 40), text.slice(40, 60), text.slice(60)].map((part) =>
      redactor.push(Buffer.from(part)),
    );
    expect(Buffer.concat([...parts, redactor.end()]).toString()).toBe('x***y');
  });

  it('takes values of bytes that are no text', () => {
    const binary = Buffer.from([0xff, 0xfe, 0, 1, 2, 3, 0x0a, 0x80, 0x81]);
    expect(shown(binary, Buffer.concat([Buffer.from('<'), binary, Buffer.from('>')]), 2)).toBe('<***>');
    expect(shown(binary, binary.toString('hex'))).toBe(MASK);
  });

  describe('with patterns of its own', () => {
    const hide = (patterns: string[], ...chunks: string[]): string => {
      const redactor = new Redactor(patterns.map((text) => Buffer.from(text)));
      return Buffer.concat([...chunks.map((chunk) => redactor.push(Buffer.from(chunk))), redactor.end()]).toString();
    };
    const long = `${'a'.repeat(36)}bcdefghij`;

    it('finds the first of several, in whatever order they are given', () => {
      for (const patterns of [
        ['first!', 'second'],
        ['second', 'first!'],
      ]) {
        expect(hide(patterns, 'a first! and a second one')).toBe('a *** and a *** one');
        expect(hide(patterns, 'first!second')).toBe('******');
      }
      expect(hide(['', 'first!'], 'a first!')).toBe('a ***');
      expect(hide(['abcdef', 'bcdefg'], 'abcdefg')).toBe('***g');
      expect(hide(['bcdefg', 'abcdef'], 'abcdefg')).toBe('***g');
    });

    it('hides all of a longer one that begins with a shorter one, however they are cut', () => {
      const patterns = ['secret', 'secret-of-alice'];
      for (const cut of [1, 3, 6, 7, 12]) {
        const text = '<secret-of-alice>';
        expect(hide(patterns, text.slice(0, cut), text.slice(cut)), `cut at ${cut}`).toBe('<***>');
      }
    });

    it('goes on inside a long one that was cut, and not behind one that turned out to be another', () => {
      expect(hide([long], `<${long.slice(0, 34)}`, long.slice(34, 38), `${long.slice(38)}>`)).toBe('<***>');
      expect(hide([long], long.slice(0, 36), 'xyz', `${long.slice(36)}>`)).toBe('***xyzbcdefghij>');
      expect(hide([long], `${long.slice(0, 36)}xyz`, `${long.slice(36)}>`)).toBe('***xyzbcdefghij>');
      expect(hide([long], long, `${long.slice(36)}>`)).toBe('***bcdefghij>');
    });

    it('begins anew with each stream', () => {
      const redactor = new Redactor([Buffer.from(long)]);
      const text = (bytes: Buffer): string => bytes.toString();
      expect([text(redactor.push(Buffer.from(long.slice(0, 40)))), text(redactor.end())]).toEqual(['***', '']);
      expect([text(redactor.push(Buffer.from(`${long.slice(40)} aaa`))), text(redactor.end())]).toEqual([
        'fghij ',
        'aaa',
      ]);
      expect(text(redactor.end())).toBe('');
    });
  });
});
