import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FlyteModuleOptions } from 'nestjs-flyte';
import { mintToken, startLocalControlPlane } from 'nestjs-flyte-local';
import { expect, it } from 'vitest';
import { connect, logged } from './connect.js';
import { target, needs } from './target.js';
import { Ends } from './tasks/suite.tasks.js';

/** A Flyte that this test may end and start anew: a plane of its own, or the target by the command that it was given. */
async function restartable(): Promise<{
  readonly options: FlyteModuleOptions;
  restart(): Promise<void>;
  close(): Promise<void>;
}> {
  const command = target.restart;
  if (target.kind === 'flyte') {
    return {
      options: {},
      restart: async () => void (await promisify(execFile)('sh', ['-c', command ?? 'exit 1'])),
      close: async () => undefined,
    };
  }
  const state = await mkdtemp(join(tmpdir(), 'flyte-suite-'));
  let plane = await startLocalControlPlane({ port: 0, state, abortGraceMs: 10_000 });
  const { url: endpoint } = plane;
  const token = await mintToken({ state, subject: 'alice' });
  return {
    options: { endpoint, credentials: () => ({ authorization: `Bearer ${token}` }) },
    async restart() {
      await plane.close();
      plane = await startLocalControlPlane({ port: Number(new URL(endpoint).port), state });
    },
    async close() {
      await plane.close();
      await rm(state, { recursive: true });
    },
  };
}

it('waiting, outputs and logs survive a restart of the backend', async (test) => {
  needs(test, 'a restart');
  const backend = await restartable();
  try {
    const flyte = await connect(backend.options);
    const run = await flyte.task(Ends, 'wait').run({ seconds: 15 });
    await logged(run, 'waiting');
    const lines: string[] = [];
    const logs = (async () => {
      for await (const { message } of run.logs()) lines.push(message);
    })();
    const [outputs, info] = [run.outputs(), run.wait()];
    await backend.restart();
    expect(await outputs).toEqual({ waited: true });
    expect(await info).toMatchObject({ phase: 'succeeded' });
    await logs;
    expect(lines.join('\n')).toContain('waiting');
  } finally {
    await backend.close();
  }
});
