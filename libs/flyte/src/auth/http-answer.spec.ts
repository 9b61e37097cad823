import { describe, expect, it, vi } from 'vitest';
import { FlyteError, WIRE_ERROR_CODES, type FailedRun, type FlyteErrorCode } from '../errors/flyte-error.js';
import { endBegunAnswer, failedRun, httpStatus, setAnswerHeader, toHttpException } from './http-answer.js';

const run: FailedRun = { name: 'r1', action: 'a0', task: 'env.train', phase: 'timed_out', attempt: 1, origin: 'user' };

describe('an error over HTTP', () => {
  it('has the status that fits its code', () => {
    const ours: FlyteErrorCode[] = ['invalid_configuration', 'misuse', 'image_build_failed'];
    const runs: FlyteErrorCode[] = ['task_failed', 'run_aborted', 'run_timed_out'];
    const statuses = [...WIRE_ERROR_CODES, ...ours, ...runs].map((code) => [
      code,
      httpStatus(new FlyteError(code, '')),
    ]);
    expect(Object.fromEntries(statuses)).toEqual({
      ...{ canceled: 499, unknown: 502, invalid_argument: 400, deadline_exceeded: 504, not_found: 404 },
      ...{ already_exists: 409, permission_denied: 403, resource_exhausted: 429, failed_precondition: 400 },
      ...{ aborted: 409, out_of_range: 400, unimplemented: 501, internal: 502, unavailable: 503, data_loss: 502 },
      ...{ unauthenticated: 401, invalid_configuration: 500, misuse: 500, image_build_failed: 502 },
      ...{ task_failed: 502, run_aborted: 502, run_timed_out: 502 },
    });
    expect(httpStatus(new FlyteError('not_found', '', { fault: 'operator' }))).toBe(500);
  });

  it('tells a client whose request was at fault why', () => {
    const error = new FlyteError('not_found', 'No such run.');
    const exception = toHttpException(error);
    expect(exception.getResponse()).toEqual({ statusCode: 404, message: 'No such run.', error: 'Not Found' });
    expect([exception.getStatus(), exception.cause]).toEqual([404, error]);
  });

  it('tells others nothing, but for which run did not succeed', () => {
    const body = (error: FlyteError): unknown => toHttpException(error).getResponse();
    const error = new FlyteError('not_found', 'hidden', { fault: 'operator' });
    const internal = 'Internal Server Error';
    expect(body(error)).toEqual({ statusCode: 500, message: internal, error: internal });
    expect(body(new FlyteError('canceled', 'gone'))).toEqual({
      ...{ statusCode: 499, message: 'gone', error: 'Client Closed Request' },
    });
    expect(body(new FlyteError('run_timed_out', 'hidden', { run }))).toEqual({
      ...{ statusCode: 502, message: 'Run r1 of env.train timed out.', error: 'Bad Gateway' },
      ...{ code: 'run_timed_out', run: { name: 'r1', task: 'env.train', phase: 'timed_out' } },
    });
  });

  it('names the run by what is known of it', () => {
    const told = (changes: Partial<FailedRun>): unknown =>
      failedRun(new FlyteError('task_failed', '', { run: { ...run, ...changes } }));
    expect(told({ task: '', phase: 'failed' })).toBe('Run r1 failed.');
    expect(told({ phase: 'aborted' })).toBe('Run r1 of env.train was aborted.');
    expect(failedRun(new FlyteError('internal', ''))).toBeUndefined();
  });
});

describe('a header of an answer', () => {
  it('is set in the way of its framework, on the answer itself', () => {
    const fastify = { header: vi.fn<() => void>(), setHeader: vi.fn<() => void>() };
    setAnswerHeader(fastify, 'x-a', '1');
    expect(fastify.header.mock.contexts).toEqual([fastify]);
    expect(fastify.header.mock.calls).toEqual([['x-a', '1']]);
    expect(fastify.setHeader).not.toHaveBeenCalled();
    const node = { setHeader: vi.fn<() => void>(), headersSent: false };
    setAnswerHeader(node, 'x-a', '1');
    expect(node.setHeader.mock.contexts).toEqual([node]);
    expect(node.setHeader.mock.calls).toEqual([['x-a', '1']]);
  });

  it('is not set where it is too late, or where there is nothing to set it on', () => {
    const late = { header: vi.fn<() => void>(), setHeader: vi.fn<() => void>(), headersSent: true };
    setAnswerHeader(late, 'x-a', '1');
    expect(late.header).not.toHaveBeenCalled();
    expect(late.setHeader).not.toHaveBeenCalled();
    for (const answer of [undefined, {}]) expect(() => setAnswerHeader(answer, 'x-a', '1')).not.toThrow();
  });
});

it('an answer of Fastify is ended only where its head is out', () => {
  const answer = (headersSent: boolean) => ({ raw: { headersSent, end: vi.fn<() => void>() } });
  const [begun, fresh] = [answer(true), answer(false)];
  expect([begun, fresh, {}, undefined].map((one) => endBegunAnswer(one))).toEqual([true, false, false, false]);
  expect(begun.raw.end).toHaveBeenCalledOnce();
  expect(fresh.raw.end).not.toHaveBeenCalled();
});
