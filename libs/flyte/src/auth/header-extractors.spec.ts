import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { describe, expect, it } from 'vitest';
import { fromAuthorization, fromCookie, fromHeader } from './header-extractors.js';

const withHeaders = (...headers: [string, string][]): ExecutionContextHost =>
  new ExecutionContextHost([{ method: 'GET', url: '/', headers: {}, rawHeaders: headers.flat() }]);

describe('a header', () => {
  it('is found in any case of letters', () => {
    const context = withHeaders(['AUTHORIZATION', 'Bearer x'], ['x-key', 'k']);
    expect(fromAuthorization()(context)).toEqual({ authorization: 'Bearer x' });
    expect(fromHeader('X-Key')(context)).toEqual({ 'x-key': 'k' });
    expect(fromHeader('x-other')(context)).toBeUndefined();
    expect(fromAuthorization()(withHeaders(['authorization', '']))).toBeUndefined();
  });

  it('that comes twice is refused, with its name and no value', () => {
    const refused = { code: 'invalid_argument', message: 'The request has 2 "x-key" headers. Send one.' };
    const context = withHeaders(['x-key', 'hidden'], ['X-Key', 'hidden']);
    expect(() => fromHeader('x-key')(context)).toThrow(expect.objectContaining(refused));
  });

  it('that anybody sends is none to take credentials from', () => {
    const refused = {
      code: 'invalid_configuration',
      message: expect.stringMatching(/^fromHeader\("Traceparent"\) .* forwardHeaders: \["traceparent"\]\.$/) as string,
    };
    expect(() => fromHeader('Traceparent')).toThrow(expect.objectContaining(refused));
    expect(() => fromHeader('host')).toThrow(expect.objectContaining({ code: 'misuse' }));
  });

  it('has an extractor of its name, for the log', () => {
    expect(fromAuthorization().name).toBe('fromHeader(authorization)');
    expect(fromCookie().name).toBe('fromCookie');
  });
});

describe('cookies', () => {
  const cookies = (options: { only?: readonly string[] }, ...headers: string[]): unknown =>
    fromCookie(options)(withHeaders(...headers.map((value): [string, string] => ['cookie', value])));

  it('travel together, but for those that can’t', () => {
    expect(cookies({}, 'a=1; b=2', 'c=3;d=4')).toEqual({ cookie: 'a=1; b=2; c=3; d=4' });
    expect(cookies({}, 'a=caf\u00e9; b=2; ; c=\u0001')).toEqual({ cookie: 'b=2' });
    expect(cookies({}, 'a=caf\u00e9')).toBeUndefined();
    expect(cookies({})).toBeUndefined();
    expect(cookies({}, `a=${'x'.repeat(9_000)}`, `b=${'x'.repeat(9_000)}`)).toBeUndefined();
  });

  it('are chosen by their exact names', () => {
    const sent = 'Flyte=1; flyte2=2; flytes; flyte; =flyte; xflyte=3; flyte=a=b; __Host-a=6; =';
    expect(cookies({ only: ['flyte', '__Host-a'] }, sent)).toEqual({ cookie: 'flyte=a=b; __Host-a=6' });
    expect(cookies({ only: ['flyt'] }, 'flyte; flyt; flyte=1')).toBeUndefined();
  });

  it.each([[[]], [['a=b']], [['']], [['a b']], [['ok', 7]], ['flyte'], [{}]] as unknown[][])(
    'are not chosen by %j',
    (only) => {
      const refused = {
        code: 'invalid_configuration',
        message: expect.stringContaining('{ only: ["flyte_idt"] }') as string,
      };
      expect(() => fromCookie({ only: only as string[] })).toThrow(expect.objectContaining(refused));
    },
  );
});
