import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createAuthMetadata, valueProblem, type AuthHeaders } from './auth-metadata.js';

describe('AuthMetadata', () => {
  it('is made of a record or of pairs, names in lower case, values trimmed, the last of a name kept', () => {
    const expected = [
      ['authorization', 'Bearer x'],
      ['x-a', '2'],
    ];
    expect(createAuthMetadata({ Authorization: ' Bearer x\t', 'x-a': '2', 'x-b': undefined }).entries()).toEqual(
      expected,
    );
    const pairs: [string, string][] = [
      ['authorization', 'old'],
      ['X-A', '2'],
      ['AUTHORIZATION', 'Bearer x'],
    ];
    expect(createAuthMetadata(new Map(pairs)).entries()).toEqual(expected);
    expect(createAuthMetadata(pairs).get('Authorization')).toBe('Bearer x');
    expect(createAuthMetadata({}).names).toEqual([]);
  });

  it('shows its names only, however it is looked at, and can’t be changed', () => {
    const metadata = createAuthMetadata({ authorization: 'Bearer hidden', 'x-a': 'hidden' });
    expect(JSON.stringify(metadata)).toBe('{"names":["authorization","x-a"]}');
    expect(inspect(metadata)).toBe('AuthMetadata(authorization, x-a)');
    expect(Reflect.apply(String, undefined, [metadata])).toBe('AuthMetadata(authorization, x-a)');
    expect(inspect(metadata, { customInspect: false, showHidden: true, depth: null, getters: true })).not.toContain(
      'hidden',
    );
    expect({ ...metadata }).toEqual({});
    expect(() => Object.assign(metadata, { get: () => 'mine' })).toThrow(TypeError);
    const prototype = Object.getPrototypeOf(metadata) as object;
    expect(() => Object.assign(prototype, { get: () => 'mine' })).toThrow(TypeError);
  });

  it('has a fingerprint of its values, which tells nothing and asks not in which order they came', () => {
    const fingerprint = createAuthMetadata({ 'x-a': '1', 'x-b': '2', 'x-c': '3' }).fingerprint;
    expect(fingerprint).toMatch(/^[\w-]{43}$/);
    expect(createAuthMetadata({ 'x-c': '3', 'x-b': '2', 'x-a': '1' }).fingerprint).toBe(fingerprint);
    expect(createAuthMetadata({ 'x-a': '1', 'x-b': '2', 'x-c': '4' }).fingerprint).not.toBe(fingerprint);
    expect(createAuthMetadata({ 'x-a': '1', 'x-b': '2' }).fingerprint).not.toBe(fingerprint);
  });

  it.each([[['authorization', 'x']], [[['authorization']]], [[['a', 'b', 'c']]], [['ab']]] as unknown[][])(
    'is not made of %j, which is neither',
    (headers) => {
      const refused = { code: 'misuse', message: expect.stringContaining('[[name, value], …]') as string };
      expect(() => createAuthMetadata(headers as AuthHeaders)).toThrow(expect.objectContaining(refused));
    },
  );

  it('refuses what can’t travel, and does not quote it', () => {
    const refused = { code: 'invalid_argument', message: 'The value of the header "x-a" is empty.' };
    expect(() => createAuthMetadata({ 'X-A': '  ' })).toThrow(expect.objectContaining(refused));
    const unquoted = expect.objectContaining({ message: expect.not.stringContaining('hidden') as string });
    expect(() => createAuthMetadata({ 'x-a': 'hidden\n' })).toThrow(unquoted);
  });
});

it('a value travels as visible ASCII of up to 16 KiB', () => {
  for (const value of ['x', ' x\t~', 'x'.repeat(16_384)]) expect(valueProblem(value)).toBeUndefined();
  expect(valueProblem('x'.repeat(16_385))).toBe('is longer than 16384 bytes');
  for (const value of ['a\nb', 'a\u007f', 'caf\u00e9', '\u0000'])
    expect(valueProblem(value)).toBe('has a control character or one outside ASCII');
  for (const value of ['', ' \t']) expect(valueProblem(value)).toBe('is empty');
  for (const value of [undefined, 7, ['x']]) expect(valueProblem(value)).toBe('is not a string');
});
