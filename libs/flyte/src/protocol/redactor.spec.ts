import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { REDACTED } from './redacted-text.js';
import { Redactor } from './redactor.js';

const TOKEN = 'npm_s3cr3t/token+with?odd&chars~';
const PEM = '-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ\nzZ0kq1WmA9vYbU8rQ==\n-----END KEY-----\n';

/** Made in each test: what is made while the file loads, Stryker tries with all tests. */
const redactor = (): Redactor => new Redactor([TOKEN]);

describe('Redactor', () => {
  it.each([
    ['raw', TOKEN],
    ['base64', Buffer.from(TOKEN).toString('base64')],
    ['base64url', Buffer.from(TOKEN).toString('base64url')],
    ['hex', Buffer.from(TOKEN).toString('hex')],
    ['hex in upper case', Buffer.from(TOKEN).toString('hex').toUpperCase()],
    ['URL-encoded', encodeURIComponent(TOKEN)],
    ['URL-encoded in lower case', encodeURIComponent(TOKEN).replaceAll(/%../g, (code) => code.toLowerCase())],
    ['form-encoded', new URLSearchParams({ t: TOKEN }).toString().slice(2)],
    [
      'in lines of base64',
      (
        Buffer.from(TOKEN.repeat(3))
          .toString('base64')
          .match(/.{1,64}/g) ?? []
      ).join('\r\n'),
    ],
    ['in HTML', TOKEN.replace('&', '&amp;')],
  ])('hides %s, however it is cut', (_name, form) => {
    const text = Buffer.from(`before ${form} after`);
    const hiding = new Redactor([TOKEN, TOKEN.repeat(3)]);
    expect(hiding.redact(text.toString())).toBe(`before ${REDACTED} after`);
    for (const length of [1, 2, 3, 5, 7]) {
      const stream = hiding.stream();
      const parts: Buffer[] = [];
      for (let at = 0; at < text.length; at += length) parts.push(stream.write(text.subarray(at, at + length)));
      expect(Buffer.concat([...parts, stream.end()]).toString()).toBe(`before ${REDACTED} after`);
    }
  });

  it.each(['', 'u', 'us', 'usr'])('hides the token inside Basic credentials of user %j', (user) => {
    const basic = Buffer.from(`${user}:${TOKEN}!`).toString('base64');
    const shown = redactor().redact(`authorization: Basic ${basic}`);
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

  it('takes a copy of what it is given', () => {
    const value = Buffer.from('a value of bytes');
    const hiding = new Redactor([value]);
    value.fill(0);
    expect(hiding.redact('it was a value of bytes.')).toBe(`it was ${REDACTED}.`);
  });

  it('is the same when it was prepared in slices, and for each of its texts', async () => {
    const hiding = await Redactor.of([TOKEN, PEM]);
    const [one, other] = [hiding.stream(), hiding.stream()];
    expect(one.write(`<${TOKEN.slice(0, 9)}`).toString()).toBe('<');
    expect(other.write(`${TOKEN.slice(9)}>`).toString()).toBe(`${TOKEN.slice(9)}>`);
    expect(one.write(`${TOKEN.slice(9)}>`).toString()).toBe(`${REDACTED}>`);
    expect([hiding.redact(PEM), hiding.redact('other')]).toEqual([REDACTED, 'other']);
    expect((await Redactor.of([])).redact('other')).toBe('other');
  });

  it('leaves what is too short to be a secret, and gives text without secrets out at once', () => {
    expect(new Redactor(['abc', '']).redact('abc abc')).toBe('abc abc');
    expect(redactor().stream().write('compiling…').toString()).toBe('compiling…');
  });

  it('finds what it is to find in every text of two letters, however it is cut', () => {
    const words = Array.from({ length: 512 }, (_, number) => number.toString(2).padStart(9, '0'));
    const text = words.join(' ').replaceAll('0', 'a').replaceAll('1', 'b');
    const secrets = ['aaba', 'ababab'];
    const hidden = new Set<number>();
    for (const secret of secrets)
      for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1))
        for (let offset = 0; offset < secret.length; offset += 1) hidden.add(at + offset);
    const masked = Array.from(text, (letter, at) => (hidden.has(at) ? '*' : letter)).join('');
    for (const chunk of [1, 4, 9, Infinity]) {
      const stream = new Redactor(secrets).stream();
      let shown = '';
      for (let at = 0; at < text.length; at += chunk) shown += stream.write(text.slice(at, at + chunk)).toString();
      expect(shown + stream.end().toString(), `by ${chunk}`).toBe(masked.replaceAll(/\*+/g, '***'));
    }
  });

  it('holds back what may begin the longest of them, and nothing longer', () => {
    const stream = new Redactor(['secret', 'sec-other']).stream();
    expect(stream.write('my sec').toString()).toBe('my ');
    expect(stream.write('re').toString()).toBe('');
    expect(stream.write('d').toString()).toBe('secred');
    expect(stream.write('secret').toString()).toBe('***');
    expect(stream.write('secret!').toString()).toBe('!');
    expect(stream.end().toString()).toBe('');
  });
});
