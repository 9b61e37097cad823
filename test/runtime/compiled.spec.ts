import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ContainerError_Kind } from 'nestjs-flyte/idl/core/execution';
import { describe, expect, it } from 'vitest';
import { act, buildApp, temporaryFolder, texts } from './support.js';

const { RECOVERABLE, NON_RECOVERABLE } = ContainerError_Kind;
const root = buildApp();
compile('./dist/tasks.module.js#TasksModule', 'dist/tasks.mjs');
compile('./dist/starting.module.js#BusyOnStart', 'dist/busy.mjs');
const module = './dist/tasks.mjs#TasksModule';

writeFileSync(join(root, 'dist/waits.js'), 'await new Promise(() => undefined); export class Never {}');
for (const name of ['throws', 'exits', 'waits']) compile(`./dist/${name}.js#Never`, `dist/${name}.mjs`);
const made = readFileSync(join(root, 'dist/throws.mjs'), 'utf8');
// A package that was left outside, and is not there; and a file that was cut.
writeFileSync(join(root, 'dist/lacks.mjs'), made.replace('\n', "\nimport 'nestjs-flyte-is-not-this';\n"));
writeFileSync(join(root, 'dist/breaks.mjs'), made.slice(0, made.length / 2));

writeFileSync(join(root, 'dist/other.mjs'), made.replace('compiled tasks, 1', 'compiled tasks, 2'));

function compile(from: string, out: string): void {
  execFileSync(
    process.execPath,
    [resolve('libs/flyte/bin/nestjs-flyte.js'), 'compile', from, '--no-check', '--out', out],
    {
      cwd: root,
    },
  );
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

  it('says where in the sources its task failed', async () => {
    const { log } = await act({ root, module, task: 'demo.fail', inputs: { how: 'user' } });
    expect(log).toMatch(/at \S*DemoTasks\.fail \(\S*demo\.tasks\.js:\d+:\d+\)/);
  });

  it('has its code apart from the image, and no second copy of the library', async () => {
    const bundle = join(temporaryFolder(), 'code.tgz');
    execFileSync('tar', ['-czf', bundle, '-C', root, 'package.json', 'dist/tasks.mjs', 'dist/tasks.mjs.map']);
    const elsewhere = temporaryFolder();
    symlinkSync(resolve('node_modules'), join(elsewhere, 'node_modules'));
    const { code, outputs, log } = await act({
      ...{ root: elsewhere, module, task: 'demo.greet', inputs: { who: 'Ada' } },
      codeBundle: pathToFileURL(bundle).href,
    });
    expect(log).toContain('destroyed');
    expect(texts(outputs)).toEqual({ text: 'hello, Ada, parsed 1' });
    expect(code).toBe(0);
  });

  it.each([
    ['throws', 'ModuleLoadError', RECOVERABLE, /thrown on load/],
    ['exits', 'ProcessExit', RECOVERABLE, /process\.exit\(0\)/],
    ['waits', 'NeverSettled', RECOVERABLE, /nothing will settle/],
    ['lacks', 'ModuleLoadError', NON_RECOVERABLE, /nestjs-flyte-is-not-this/],
    ['other', 'ModuleLoadError', NON_RECOVERABLE, /compiled by a version .* compile it again/],
    ['breaks', 'ModuleLoadError', NON_RECOVERABLE, /could not be loaded/],
  ])('says so in error.pb where its module %s', async (name, code, kind, message) => {
    const ended = await act({ root, module: `./dist/${name}.mjs#Never`, task: 'demo.nothing', inputs: {} });
    expect([ended.code, ended.files]).toEqual([0, ['error.pb']]);
    expect(ended.error).toMatchObject({ code, kind, message: expect.stringMatching(message) as string });
  });

  it('is killed where its module never gives way, and says why', async () => {
    let ended;
    // On a busy machine the time may be up before the module is loaded, which is another end.
    for (let ms = 800; !ended?.log.includes('is busy'); ms *= 2) {
      const env = { NESTJS_FLYTE_START_TIMEOUT: `${ms}ms` };
      // oxlint-disable-next-line no-await-in-loop
      ended = await act({ root, module: './dist/busy.mjs#BusyOnStart', task: 'demo.nothing', inputs: {}, env });
    }
    expect(ended.error).toMatchObject({ code: 'StartTimedOut', kind: RECOVERABLE });
  });

  it('says what is wrong with its arguments', async () => {
    const { code, log } = await act({ root, task: '', by: 'nobody', args: ['--module', module, '--what', 'x'] });
    expect(code).toBe(2);
    expect(log).toMatch(/nestjs-flyte action: .*--what/);
  });

  it('ends when it is asked to, and when its time is up', async () => {
    const signals = [{ signal: 'SIGTERM', after: 'waiting' }] as const;
    const { code, files } = await act({ root, module, task: 'demo.wait', inputs: { how: 'obedient' }, signals });
    expect([code, files]).toEqual([143, []]);
    const late = await act({ root, module, task: 'demo.slow', inputs: {} });
    expect(late.error).toMatchObject({ code: 'TaskTimeoutError', kind: RECOVERABLE });
  });
});
