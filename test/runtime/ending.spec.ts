import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { ContainerError_Kind, ExecutionError_ErrorKind } from 'nestjs-flyte/idl/core/execution';
import { describe, expect, it } from 'vitest';
import { act, buildApp, temporaryFolder, texts } from './support.js';

const root = buildApp();
const { RECOVERABLE } = ContainerError_Kind;
const { USER } = ExecutionError_ErrorKind;
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

  it.each(['shell', 'node'] as const)(
    'writes nothing where it has no result, and exits with 143: started by %s',
    async (by) => {
      const { code, files, log } = await act({ ...waiting('obedient'), by });
      expect([code, files]).toEqual([143, []]);
      expect(log).toMatch(/Task demo\.wait has no result: .*SIGTERM/);
      expect(log).toContain('destroyed');
    },
  );

  it('leaves nothing of its code where it is still fetched', async () => {
    const store = createServer().listen(0, '127.0.0.1');
    await once(store, 'listening');
    const address = store.address();
    const endpoint = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    const TMPDIR = temporaryFolder();
    let before: readonly string[] = [];
    const keys = { FLYTE_AWS_ACCESS_KEY_ID: 'id', FLYTE_AWS_SECRET_ACCESS_KEY: 'key', AWS_REGION: 'us-east-1' };
    const { code } = await act({
      ...{ root, task: 'demo.nothing', inputs: {}, codeBundle: 's3://code/code.tgz' },
      env: { ...keys, FLYTE_AWS_ENDPOINT: endpoint, NESTJS_FLYTE_GRACE: '100ms', TMPDIR },
      started: (child) =>
        // It never answers.
        store.once('request', () => {
          before = readdirSync(TMPDIR);
          child.kill('SIGTERM');
        }),
    });
    store.closeAllConnections();
    store.close();
    expect(before).toHaveLength(1);
    expect([code, readdirSync(TMPDIR)]).toEqual([143, []]);
  });

  it('may be asked by a terminal, which asks all processes of its group: heard twice, it has its grace', async () => {
    const twice = (signal: NodeJS.Signals) => ({ signal, after: 'waiting' });
    const { code, outputs } = await act({
      ...{ ...waiting('unhurried'), by: 'nobody' },
      signals: [twice('SIGINT'), twice('SIGTERM')],
    });
    expect(code).toBe(0);
    // Of two that wait, the system says which one is heard first.
    expect(texts(outputs)['reason']).toMatch(/SIG(INT|TERM)/);
  });

  it('is waited for no longer than the grace period', async () => {
    const { code, files } = await act({ ...waiting('deaf'), env: { NESTJS_FLYTE_GRACE: '500ms' } });
    expect([code, files]).toEqual([143, []]);
  });

  it.each(['shell', 'node'] as const)('ends at once when it is asked again: started by %s', async (by) => {
    const again = { signal: 'SIGINT' as const, after: 'waiting' };
    const { code, files } = await act({
      ...{ ...waiting('deaf'), by },
      signals: [...waiting('deaf').signals, again],
      env: { NESTJS_FLYTE_GRACE: '1h' },
    });
    expect([code, files]).toEqual([143, []]);
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

  it.each(['shell', 'node'] as const)('is killed where it never gives way: started by %s', async (by) => {
    const { code, error, log } = await act({ root, task: 'demo.busy', inputs: {}, by });
    expect(code).toBe(0);
    expect(error).toMatchObject({ code: 'TaskTimeoutError', origin: USER, kind: RECOVERABLE });
    expect(log).toMatch(/^Task demo\.busy never gave way .* TaskTimeoutError: /m);
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

  it.each([
    ['SIGKILL', /was ended by SIGKILL: out of memory/],
    // Whoever runs the action did not ask for it, so the action would be started again for ever.
    ['SIGTERM', /was ended by SIGTERM/],
    ['abort', /was ended by SIGABRT/],
    ['heap', /was ended by SIGABRT: .* memory is full/],
  ])('by %s is told of by what survives it', async (how, message) => {
    const env: Record<string, string> = how === 'heap' ? { NODE_OPTIONS: '--max-old-space-size=80' } : {};
    const ways = ['shell', 'node'] as const;
    const ended = await Promise.all(
      ways.map(async (by) => act({ root, task: 'demo.escape', inputs: { how }, by, env })),
    );
    for (const { code, files, error } of ended) {
      expect([code, files]).toEqual([0, ['error.pb']]);
      expect(error).toMatchObject({
        ...{ code: 'ProcessDied', origin: USER, kind: RECOVERABLE },
        message: expect.stringMatching(message) as string,
      });
    }
  });

  it('by an exit code succeeds all the same', async () => {
    const { code, files } = await act({ root, task: 'demo.escape', inputs: { how: 'exit code' } });
    expect([code, files]).toEqual([0, ['outputs.pb']]);
  });
});
