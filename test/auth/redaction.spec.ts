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
const basic = { authorization: `Basic ${Buffer.from('alice:open sesame').toString('base64')}` };

// Which spellings of a credential there are: see the unit test of `redact`.
it.each([
  ['a header', { 'x-api-key': 'key-of-alice' }, 'key-of-alice is bad', '*** is bad'],
  ['a password', basic, 'password open sesame!', 'password ***!'],
  ['one cookie', { cookie: 'a=1; flyte="cookie-of-alice"' }, 'bad cookie-of-alice', 'bad ***'],
] as [string, AuthHeaders, string, string][])(
  'what Flyte says is shown without %s',
  async (_what, headers, text, shown) => {
    expect(await read(headers, text)).toBe(shown);
  },
);

it('what Flyte says is shown without any of a thousand cookies: the whole header and the longest are found', async () => {
  const cookies = Array.from({ length: 1000 }, (_, i) => `c=number-${i}`);
  const headers = { cookie: [...cookies, 'long=the-longest-cookie-of-all'].join('; ') };
  const text = `<${headers.cookie}> <the-longest-cookie-of-all> <number-10>`;
  expect(await read(headers, text)).toBe('<***> <***> <number-10>');
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
