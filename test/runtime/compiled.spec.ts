import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { ContainerError_Kind } from 'nestjs-flyte/idl/core/execution';
import { describe, expect, it } from 'vitest';
import { act, buildApp, texts } from './support.js';

const { RECOVERABLE, NON_RECOVERABLE } = ContainerError_Kind;
const root = buildApp();
compile('./dist/tasks.module.js#TasksModule', 'dist/tasks.mjs');
const module = './dist/tasks.mjs#TasksModule';

function compile(from: string, out: string): void {
  execFileSync(process.execPath, [resolve('libs/flyte/bin/nestjs-flyte.js'), 'compile', from, '--out', out], {
    cwd: root,
  });
}

describe('an action of compiled tasks', () => {
  it('injects what the decorators of the emitted files tell, and answers outputs', async () => {
    const { code, outputs, log } = await act({ root, module, task: 'demo.greet', inputs: { who: 'Ada' } });
    expect(texts(outputs)).toEqual({ text: 'hello, Ada, parsed 1' });
    expect(code).toBe(0);
    expect(log).toContain('destroyed');
  });

  it('answers what the module answers that it was made of', async () => {
    const [compiled, emitted] = await Promise.all(
      [module, './dist/tasks.module.js#TasksModule'].map((one) =>
        act({ root, module: one, task: 'demo.describe', inputs: {} }),
      ),
    );
    expect(compiled?.outputs?.literals).toHaveLength(1);
    expect(compiled?.outputs).toEqual(emitted?.outputs);
  });

  it('hides its secrets in what it failed with', async () => {
    const env = { API_KEY: 'sk-verysecret' };
    const { error, log } = await act({ root, module, task: 'demo.fail', inputs: { how: 'secret' }, env });
    expect(error?.message).not.toContain('sk-verysecret');
    expect(log).not.toContain('sk-verysecret');
  });

  it('fails as any other does', async () => {
    const fails = async (how: string): Promise<unknown> =>
      (await act({ root, module, task: 'demo.fail', inputs: { how } })).error;
    expect(await fails('user')).toMatchObject({ code: 'TypeError', kind: RECOVERABLE });
    expect(await fails('final')).toMatchObject({ code: 'BadLicence', kind: NON_RECOVERABLE });
  });
});
