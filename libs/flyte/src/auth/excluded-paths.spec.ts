import { expect, it } from 'vitest';
import { compileExcludedPaths, excludedPathProblem } from './excluded-paths.js';

const isExcluded = compileExcludedPaths(['/health', 'GET /ready']);

it.each([
  ['GET', '/health', true],
  ['POST', '/health', true],
  ['GET', '/health?verbose=1', true],
  ['GET', '/ready?a?b', true],
  ['POST', '/ready', false],
  ['GET', '/Health', false],
  ['GET', '/health/', false],
  ['GET', '/healthy', false],
  ['GET', '/api/health', false],
  ['GET', '/%68ealth', false],
  ['GET', '', false],
])('of %s %j it is said: excluded %s', (method, target, expected) => {
  expect(isExcluded?.({ method, target, rewritten: false })).toBe(expected);
});

it('takes no path that was rewritten for the one that was named', () => {
  expect(isExcluded?.({ method: 'GET', target: '/health', rewritten: true })).toBe(false);
});

it('tells what could never match', () => {
  for (const entry of ['/', '/health', 'GET /health', '/a%20b/:id']) expect(excludedPathProblem(entry)).toBeUndefined();
  for (const entry of [
    '',
    'health',
    'x/health',
    '/a?b',
    '/a#b',
    '/a b',
    'GET /a b',
    'get /a',
    'GET  /a',
    ' /a',
    'GET ',
    '/a\tb',
  ])
    expect(excludedPathProblem(entry), entry).toMatch(/^matches no request; write the whole path/);
});
