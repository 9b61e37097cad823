import { describe, expect, it } from 'vitest';
import { FlyteError, WIRE_ERROR_CODES } from '../errors/flyte-error.js';
import { failedStep, failureOf, messageOf, stackOf } from './action-failure.js';
import { NonRecoverableError } from './non-recoverable-error.js';

class OrderError extends Error {}

describe('failureOf', () => {
  it('names the class of an error that has no name of its own', () => {
    expect(failureOf(new OrderError('late'))).toMatchObject({ code: 'OrderError', origin: 'user', recoverable: true });
    expect(failureOf(new DOMException('gone', 'AbortError'))).toMatchObject({ code: 'AbortError' });
  });

  it('takes the task at its word that no retry helps', () => {
    expect(failureOf(new NonRecoverableError('no'))).toMatchObject({ code: 'NonRecoverableError', recoverable: false });
    expect(failureOf(new NonRecoverableError('no', { code: 'Licence' }))).toMatchObject({ code: 'Licence' });
  });

  it('tells of each code of FlyteError whose fault it was, and whether to retry', () => {
    const table = WIRE_ERROR_CODES.map((code) => {
      const { origin, recoverable } = failureOf(new FlyteError(code, 'x'));
      return `${code} ${origin} ${recoverable ? 'retry' : 'final'}`;
    });
    expect(table).toEqual([
      'canceled user retry',
      'unknown system retry',
      'invalid_argument user final',
      'deadline_exceeded system retry',
      'not_found user retry',
      'already_exists user retry',
      'permission_denied user retry',
      'resource_exhausted user retry',
      'failed_precondition user final',
      'aborted user retry',
      'out_of_range user final',
      'unimplemented user final',
      'internal system retry',
      'unavailable system retry',
      'data_loss system retry',
      'unauthenticated user retry',
    ]);
  });

  it.each([
    [null],
    [undefined],
    [42],
    [Symbol('x')],
    [{ a: { b: { c: { d: 1 } } } }],
    [Object.create(null)],
    [() => 1],
  ])('survives %o thrown', (thrown) => {
    expect(failureOf(thrown)).toMatchObject({ code: 'UnknownError', message: expect.stringContaining('thrown: ') });
  });

  it('keeps the code of the innermost step', () => {
    const step = { origin: 'system', recoverable: true } as const;
    const inner = failedStep(new Error('x'), { ...step, code: 'Inner' }, 'a');
    expect(failedStep(inner, { ...step, code: 'Outer' }, 'b')).toBe(inner);
    expect(failureOf(inner)).toMatchObject({ code: 'Inner', message: 'a: x' });
  });
});

describe('messageOf', () => {
  it('ends, even where causes do not', () => {
    const error = new Error('a');
    error.cause = error;
    expect(messageOf(error)).toBe('a');
    const long = Array.from({ length: 50 }).reduce<Error>(
      (cause, _, at) => new Error(`e${at};`, { cause }),
      new Error('x'),
    );
    expect(messageOf(long).split('\n')).toHaveLength(5);
  });

  it('is bounded, and text that protobuf may carry', () => {
    expect(messageOf(new Error('x'.repeat(1_000_000))).length).toBeLessThan(70_000);
    expect(messageOf(new Error('\uD800'))).toBe('\uFFFD');
    expect(messageOf(new Error(''))).toBe('Error');
  });
});

it('stackOf gives the stack of errors alone', () => {
  expect(stackOf(new Error('x'))).toContain('action-failure.spec');
  expect(stackOf('x')).toBeUndefined();
});
