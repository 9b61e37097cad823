import { describe, expect, it } from 'vitest';
import { hostName, hostOf, urlHost } from './host-names.js';

describe('host names', () => {
  it.each([
    ['a:80', 'a'],
    ['A.example', 'a.example'],
    ['[::1]:80', '::1'],
    ['::1', undefined],
    ['a:', undefined],
    ['a:123456', undefined],
    ['a b', undefined],
    ['a@b', undefined],
    ['a/b', undefined],
    ['a\n', undefined],
    ['', undefined],
  ])('the host of %j is %j', (authority, expected) => {
    expect(hostOf(authority)).toBe(expected);
  });

  it.each([
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['Plane.Example', 'plane.example'],
    ['a:80', undefined],
    ['[a]', undefined],
    ['http://a', undefined],
    ['', undefined],
  ])('%j as a name without a port is %j', (text, expected) => {
    expect(hostName(text)).toBe(expected);
  });

  it('puts IPv6 addresses in brackets in a URL', () => {
    expect([urlHost('::1'), urlHost('127.0.0.1')]).toEqual(['[::1]', '127.0.0.1']);
  });
});
