import { createServer, type Http2Server } from 'node:http2';
import { inspect } from 'node:util';
import { authMetadata, FlyteError, FlyteModule, SecretService, UserService, type AuthHeaders } from 'nestjs-flyte';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type Running } from '../support/app.js';

/** What Flyte answers to everything. */
let said = '';
let flyte: Http2Server;
let app: Running;
beforeAll(async () => {
  flyte = createServer((_request, response) => {
    response.writeHead(403, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ code: 'permission_denied', message: said }));
  });
  await new Promise<void>((resolve) => flyte.listen(0, '127.0.0.1', resolve));
  const address = flyte.address();
  const endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  app = await startApp({ imports: [FlyteModule.forRoot({ endpoint, passthrough: true })] });
});
afterAll(async () => {
  await app.app.close();
  flyte.close();
});

/** What the caller reads of an answer of Flyte's. */
async function read(headers: AuthHeaders, text: string): Promise<string> {
  said = text;
  const error: unknown = await authMetadata(headers, () => app.app.get(UserService).get()).catch((one: unknown) => one);
  if (!(error instanceof FlyteError)) throw new Error('Flyte was not asked');
  return error.message;
}
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
    ['two of them', { 'x-a': 'key-of-alice', 'x-b': 'key-of-bob-1' }, 'key-of-bob-1,key-of-alice', '***,***'],
  ];
  it.each(cases)('%s', async (_what, headers, text, shown) => {
    expect(await read(headers, text)).toBe(shown);
  });

  it('nothing else: the scheme, a JWT’s header, short cookies and the rest of the text', async () => {
    const headers = { authorization: `Bearer ${token}`, cookie: 'theme=dark; a=1; flag="on"; empty=' };
    const text = `Bearer tokens like ${head} of 1 dark theme, on or off, are not accepted`;
    expect(await read(headers, text)).toBe(text);
    expect(await read({ ...basic('al:ice'), 'x-a': 'abc' }, 'Basic of al: abc')).toBe('Basic of al: abc');
    for (const authorization of ['Basic', 'Basic !', 'Basic YQ=='])
      expect(await read({ authorization }, text)).toBe(text);
  });

  it('a thousand cookies: the whole header and the longest are found', async () => {
    const cookies = Array.from({ length: 1000 }, (_, i) => `c=number-${i}`);
    const headers = { cookie: [...cookies, 'long=the-longest-cookie-of-all'].join('; ') };
    const text = `<${headers.cookie}> <the-longest-cookie-of-all> <number-10>`;
    expect(await read(headers, text)).toBe('<***> <***> <number-10>');
  });
});

describe('a secret that Flyte does not take is not quoted', () => {
  const bytes = Buffer.from('of-a-secret\u0000\u00ff', 'latin1');
  const shapes: [shape: string, value: string | Uint8Array, text: string][] = [
    ['text', 'value "of" a secret', 'value "of" a secret'],
    ['text in JSON', 'value "of" a secret', String.raw`value \"of\" a secret`],
    ['bytes that are text', Buffer.from('value-of-a-secret'), 'value-of-a-secret'],
    ['bytes in base64', bytes, bytes.toString('base64')],
    ['bytes in hex', bytes, bytes.toString('hex')],
    ['bytes as a URL', bytes, 'of-a-secret%00%FF'],
    ['bytes as Node shows them', bytes, inspect(bytes).slice('<Buffer '.length, -1)],
    [
      'many bytes as Node shows them',
      Buffer.alloc(99, 'ab'),
      /<Buffer (.*) \.\.\./.exec(inspect(Buffer.alloc(99, 'ab')))?.[1] ?? '',
    ],
    ['bytes in JSON', bytes, JSON.stringify(bytes.toJSON().data).slice(1, -1)],
    ['bytes as a list', new Uint8Array(bytes), [...bytes].join(', ')],
  ];
  it.each(shapes)('%s', async (_shape, value, text) => {
    expect(text.length).toBeGreaterThan(10);
    said = `can't take <${text}>`;
    const call = authMetadata({ authorization: 'Bearer x' }, () =>
      app.app.get(SecretService).create('name', value, { project: 'p', domain: 'd' }),
    );
    await expect(call).rejects.toThrow(/^can't take <\*\*\*>$/);
  });
});
