import { ContainerError_Kind, ExecutionError_ErrorKind } from 'nestjs-flyte/idl/core/execution';
import { describe, expect, it } from 'vitest';
import { act, buildApp, texts } from './support.js';

const root = buildApp();
const { RECOVERABLE } = ContainerError_Kind;
const { USER, SYSTEM } = ExecutionError_ErrorKind;
const waiting = (how: string) => ({
  ...{ root, task: 'demo.wait', inputs: { how } },
  signals: [{ signal: 'SIGTERM' as const, after: 'waiting' }],
});

describe('an action that is asked to end', () => {
  it('may still succeed', async () => {
    const { code, outputs } = await act(waiting('stubborn'));
    expect(code).toBe(0);
    expect(texts(outputs)['reason']).toContain('SIGTERM');
  });

  it('says that it was interrupted', async () => {
    const { code, error, log } = await act(waiting('obedient'));
    expect(code).toBe(0);
    expect(error).toMatchObject({ code: 'Interrupted', origin: SYSTEM, kind: RECOVERABLE });
    expect(log).toContain('destroyed');
  });

  it('is waited for no longer than the grace period', async () => {
    const { error } = await act({ ...waiting('deaf'), env: { NESTJS_FLYTE_GRACE: '500ms' } });
    expect(error).toMatchObject({ code: 'Interrupted' });
  });

  it('ends at once when it is asked again', async () => {
    const again = { signal: 'SIGINT' as const, after: 'waiting' };
    const { error } = await act({
      ...waiting('deaf'),
      signals: [...waiting('deaf').signals, again],
      env: { NESTJS_FLYTE_GRACE: '1h' },
    });
    expect(error).toMatchObject({ code: 'Interrupted' });
  });
});

describe('an action whose time is up', () => {
  it('is ended', async () => {
    const env = { NESTJS_FLYTE_GRACE: '300ms' };
    const { code, error } = await act({ root, task: 'demo.slow', inputs: {}, env });
    expect(code).toBe(0);
    expect(error).toMatchObject({ code: 'TaskTimeoutError', origin: USER, kind: RECOVERABLE });
  });

  it('is not killed where it gives way, however long it takes then', async () => {
    const env = { NESTJS_FLYTE_GRACE: '1h' };
    const { signal, outputs } = await act({ root, task: 'demo.unhurried', inputs: {}, env });
    expect(signal).toBeNull();
    expect(texts(outputs)['reason']).toContain('timeout');
  });

  it('is killed where it never gives way, and its log says why', async () => {
    const { signal, log } = await act({ root, task: 'demo.busy', inputs: {} });
    expect(signal).toBe('SIGKILL');
    expect(log.trim().split('\n').at(-1)).toMatch(/^Task demo\.busy never gave way .* TaskTimeoutError: /);
  });
});

describe('a task that tries to end its process', () => {
  it.each([
    ['exit', 'ProcessExit', /process\.exit\(3\)/],
    ['swallowed exit', 'ProcessExit', /process\.exit\(0\)/],
    ['rejection', 'RangeError', /Nobody caught.*nobody listens/],
    ['exception', 'RangeError', /Nobody caught.*out of the blue/],
    ['idle', 'NeverSettled', /nothing will settle/],
  ])('by %s fails in an orderly way', async (how, code, message) => {
    const ended = await act({ root, task: 'demo.escape', inputs: { how } });
    expect([ended.code, ended.files]).toEqual([0, ['error.pb']]);
    expect(ended.error).toMatchObject({
      ...{ code, origin: USER, kind: RECOVERABLE },
      message: expect.stringMatching(message) as string,
    });
  });

  it('by an exit code succeeds all the same', async () => {
    const { code, files } = await act({ root, task: 'demo.escape', inputs: { how: 'exit code' } });
    expect([code, files]).toEqual([0, ['outputs.pb']]);
  });
});
