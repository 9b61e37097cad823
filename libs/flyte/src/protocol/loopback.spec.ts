import { describe, expect, it } from 'vitest';
import { isLoopback } from './loopback.js';

describe('isLoopback', () => {
  it.each([
    ['localhost', true],
    ['LocalHost', true],
    ['127.0.0.1', true],
    ['127.255.255.255', true],
    ['::1', true],
    ['[::1]', true],
    ['128.0.0.1', false],
    ['127.0.0.256', false],
    ['127.0.0', false],
    ['0127.0.0.1', false],
    ['app.localhost', false],
    ['localhost:80', false],
    ['localhost.example.com', false],
    ['[localhost]', false],
    ['::', false],
    ['', false],
  ])('%j: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
