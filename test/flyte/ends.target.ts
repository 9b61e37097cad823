import type { FlyteClient } from 'nestjs-flyte';
import { startLocalControlPlane } from 'nestjs-flyte-local';
import { beforeAll, describe, expect, it } from 'vitest';
import { connect, ended, logged } from './connect.js';
import { deletePod } from './pods.js';
import { note, starts, target, needs } from './target.js';
import { Ends } from './tasks/suite.tasks.js';

let flyte: FlyteClient;
beforeAll(async () => {
  flyte = await connect();
});

describe.concurrent('an action of this library', () => {
  it.each([
    ['an error of the task', 'user', { attempts: 2, origin: 'user', message: /the tasks own mistake/ }],
    ['a NonRecoverableError', 'final', { attempts: 1, origin: 'user', message: /never again/ }],
    ['what is nobody’s fault here', 'system', { attempts: 2, origin: 'system', message: /did not answer/ }],
    ['process.exit', 'exit', { attempts: 2, origin: 'user', message: /process\.exit\(3\)/ }],
    ['SIGKILL', 'SIGKILL', { attempts: 2, origin: 'user', message: /SIGKILL/ }],
    ['abort', 'abort', { attempts: 2, origin: 'user', message: /SIGABRT/ }],
    ['an error that nobody caught', 'rejection', { attempts: 2, origin: 'user', message: /nobody listens/ }],
  ])('ends after its retries: %s', async (what, how, { attempts, origin, message }) => {
    const info = await ended(what, await flyte.task(Ends, 'fail').run({ how }));
    expect(info).toMatchObject({
      phase: 'failed',
      attempts,
      error: { origin, message: expect.stringMatching(message) },
    });
  });

  it('ends well after a retry', async () => {
    const info = await ended('a success after a retry', await flyte.task(Ends, 'recover').run());
    expect(info).toMatchObject({ phase: 'succeeded', attempts: 2 });
  });

  for (const name of ['slow', 'busy'] as const) {
    it(`ends when its time is up, whether it listens or not: ${name}`, async () => {
      const info = await ended(`maxRuntime, ${name}`, await flyte.task(Ends, name).run());
      expect(info).toMatchObject({ phase: 'failed', attempts: 2, error: { origin: 'user' } });
      expect(info.error?.message).toMatch(/longer than (the|its limit of) 3 s/);
    });
  }

  it('ends at its deadline, whatever retries are left', async () => {
    const info = await ended('deadline', await flyte.task(Ends, 'late').run());
    expect(info.attempts).toBeLessThan(6);
    expect(info.phase).not.toBe('succeeded');
  });

  it('ends at once where its module is not there', async (test) => {
    needs(test, 'late checks');
    const module = './dist/flyte-suite/suite.tasks.js#None';
    const other = await connect({ tasks: { module, image: target.image ?? 'none' } });
    const info = await ended('a module that is not there', await other.task(Ends, 'recover').run());
    expect(info).toMatchObject({ phase: 'failed', attempts: 1, error: { origin: 'user' } });
  });

  it('ends when it is aborted, and stays so', async () => {
    const run = await flyte.task(Ends, 'wait').run({ seconds: 3_600 });
    await logged(run, 'waiting');
    await run.abort('enough');
    const info = await ended('aborted', run);
    expect(info).toMatchObject({ phase: 'aborted', error: { message: expect.stringContaining('enough') } });
  });

  it('ends where it waits longer than it may be queued', async (test) => {
    needs(test, 'queue times');
    await using busy = await startLocalControlPlane({ port: 0, state: ':memory:', maxConcurrentActions: 1 });
    const token = await busy.token('alice');
    const other = await connect({
      endpoint: busy.url,
      credentials: () => ({ authorization: `Bearer ${token}` }),
    });
    const first = await other.task(Ends, 'wait').run({ seconds: 3_600 });
    await logged(first, 'waiting');
    const info = await (await other.task(Ends, 'impatient').run()).wait();
    await first.abort();
    expect(info).toMatchObject({ phase: 'failed', attempts: 1, error: { message: expect.stringMatching(/queued/) } });
  });

  it('waits between its retries', async (test) => {
    needs(test, 'retry backoff');
    const run = await flyte.task(Ends, 'patient').run();
    for await (const { attempts, phase } of run.watch()) if (attempts === 2 && phase === 'queued') break;
    // What came later is done, and would not be if the second attempt stood in the queue like any other.
    await flyte.task(Ends, 'echo').call({ text: 'later' });
    expect(await run.get()).toMatchObject({ attempts: 2, phase: 'queued' });
    await run.abort();
    expect(await run.wait()).toMatchObject({ attempts: 2, phase: 'aborted' });
  });

  it('is the task’s fault where it takes more memory than it asked for', async (test) => {
    needs(test, 'memory limits');
    const info = await ended('out of memory', await flyte.task(Ends, 'grow').run());
    expect(info).toMatchObject({ phase: 'failed', attempts: 2, error: { origin: 'user' } });
  });

  it('is started once more where its node is drained, and succeeds', async (test) => {
    needs(test, 'kubernetes');
    const run = await flyte.task(Ends, 'wait').run({ seconds: 20 });
    await logged(run, 'waiting');
    await deletePod(target.kubeconfig ?? '', run.name);
    const info = await run.wait();
    note('drained once', run.name, info.attempts);
    expect(info).toMatchObject({ phase: 'succeeded', attempts: 1 });
    expect(starts(run.name, info.attempts)).toBe(2);
  });
});
