import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAuthMetadata, type AuthHeaders } from '../../auth/auth-metadata.js';
import { redact } from './redact.js';

const read = (headers: AuthHeaders, text: string): string => redact(text, createAuthMetadata(headers));
const basic = (pair: string, charset: BufferEncoding = 'utf8') => ({
  authorization: `Basic ${Buffer.from(pair, charset).toString('base64')}`,
});
const [head, claims, signature] = [
  Buffer.from('{"alg":"RS256","typ":"JWT"}').toString('base64url'),
  Buffer.from('{"sub":"alice","aud":"flyte"}').toString('base64url'),
  'c2lnbmF0dXJlLW9mLWFsaWNl',
];
const token = `${head}.${claims}.${signature}`;

describe('what Flyte says is shown without', () => {
  const cases: [what: string, headers: AuthHeaders, text: string, shown: string][] = [
    ['a header', { 'x-api-key': 'key-of-alice' }, 'key-of-alice is bad', '*** is bad'],
    ['a bearer token', { authorization: `Bearer ${token}` }, `no token <${token}>`, 'no token <***>'],
    ['a JWT’s claims', { authorization: `Bearer ${token}` }, `bad ${claims}!`, 'bad ***!'],
    ['a JWT’s decoded claims', { authorization: `Bearer ${token}` }, 'bad {"sub":"alice","aud":"flyte"}!', 'bad ***!'],
    ['a JWT’s signature', { authorization: `Bearer ${token}` }, `bad ${signature}!`, 'bad ***!'],
    ['a JWT of a cookie', { cookie: `t=${token}` }, `bad ${claims} and ${signature}`, 'bad *** and ***'],
    ['a user and a password', basic('alice:open sesame'), 'alice:open sesame', '***'],
    ['a user', basic('alice:open sesame'), 'user "alice"', 'user "***"'],
    ['a password', basic('alice:open sesame'), 'password open sesame!', 'password ***!'],
    ['a password with a colon', basic('alice:open:sesame'), 'password open:sesame!', 'password ***!'],
    ['a password in UTF-8', basic('alice:sésame-ouvre'), 'sésame-ouvre!', '***!'],
    ['a password in Latin-1', basic('alice:sésame-ouvre', 'latin1'), 'sésame-ouvre!', '***!'],
    ['a password in a URL', basic('alice:p@ss/word'), 'http://alice:p%40ss%2Fword@host', 'http://***:***@host'],
    ['a password in JSON', basic('alice:open "sesame"'), '{"a":"open \\"sesame\\""}', '{"a":"***"}'],
    ['a password in Go’s JSON', basic('alice:open<&>sesame'), '"open\\u003c\\u0026\\u003esesame"', '"***"'],
    ['a password in Python’s JSON', basic('alice:sésame-ouvre'), '"s\\u00e9same-ouvre"', '"***"'],
    ['one cookie', { cookie: 'a=1; flyte=cookie-of-alice' }, 'bad cookie-of-alice', 'bad ***'],
    ['a cookie without quotes', { cookie: 'flyte="cookie-of-alice"' }, 'bad cookie-of-alice', 'bad ***'],
    ['a cookie URL-decoded', { cookie: 'flyte=of%20alice%3Bx%22' }, 'bad of alice;x"', 'bad ***'],
    ['a cookie unquoted and decoded', { cookie: 'flyte="of%20alice%3B"' }, 'bad of alice;', 'bad ***'],
    ['a cookie in JSON', { cookie: 'flyte=%7B%22id%22:1%7D' }, '"{\\"id\\":1}"', '"***"'],
    ['a cookie with a broken escape', { cookie: 'flyte=100%-of-alice' }, 'bad 100%-of-alice', 'bad ***'],
    [
      'a password behind blanks',
      { authorization: `Basic  ${Buffer.from('alice:open sesame').toString('base64')}` },
      'open sesame!',
      '***!',
    ],
    ['a cookie behind blanks', { cookie: 'a=1;  flyte= cookie-of-alice ; b=2' }, 'bad cookie-of-alice', 'bad ***'],
    ['one of a header’s words', { 'x-a': 'word-of-alice  other-of-alice' }, 'bad other-of-alice', 'bad ***'],
    ['two of them', { 'x-a': 'key-of-alice', 'x-b': 'key-of-bob-1' }, 'key-of-bob-1,key-of-alice', '***,***'],
  ];
  it.each(cases)('%s', (_what, headers, text, shown) => {
    expect(read(headers, text)).toBe(shown);
  });

  it('nothing else: the scheme, a JWT’s header, short cookies and the rest of the text', () => {
    const headers = { authorization: `Bearer ${token}`, cookie: 'theme=dark; a=1; flag="on"; empty=' };
    const text = `Bearer tokens like ${head} of 1 dark theme, on or off, are not accepted`;
    expect(read(headers, text)).toBe(text);
    expect(read({ ...basic('al:ice'), 'x-a': 'abc' }, 'Basic of al: abc')).toBe('Basic of al: abc');
    for (const authorization of ['Basic', 'Basic !', 'Basic YQ==']) expect(read({ authorization }, text)).toBe(text);
  });
});

describe('a header that is longer than what Flyte says', () => {
  const long = randomBytes(1500).toString('base64');

  it('is hidden as far as it is there', () => {
    expect(read({ 'x-api-key': long }, `no ${long.slice(0, 512)}`)).toBe('no ***');
    expect(read({ 'x-api-key': long }, long)).toBe('***');
    expect(read({ 'x-api-key': `${long}!` }, long)).toMatch(/^\*\*\*.{0,15}$/);
    expect(read({ cookie: `a=${encodeURIComponent(`${'ä'.repeat(300)}<>`)}` }, 'ä'.repeat(200))).toMatch(
      /^\*\*\*ä{0,8}$/,
    );
  });

  it('is no shorter one that the text has', () => {
    for (const length of [8, 200]) {
      const text = `no ${long.slice(0, length)}`;
      expect(read({ 'x-api-key': long }, text)).toBe(text);
      expect(read({ 'x-api-key': long }, long.slice(0, length))).toBe(long.slice(0, length));
    }
  });
});

it('what no caller stands behind is shown as it is', () => {
  expect(redact('any text', undefined)).toBe('any text');
  expect(read({ 'x-api-key': 'key-of-alice' }, '')).toBe('');
});
