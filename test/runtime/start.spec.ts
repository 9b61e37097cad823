import { ContainerError_Kind } from 'nestjs-flyte/idl/core/execution';
import { describe, expect, it } from 'vitest';
import { act, buildApp } from './support.js';

const root = buildApp();
const { RECOVERABLE, NON_RECOVERABLE } = ContainerError_Kind;

describe('a module that does not start', () => {
  it.each([
    ['./dist/gone.js#TasksModule', 'ModuleLoadError', NON_RECOVERABLE, /There is no file .*gone\.js/],
    ['./dist/tasks.module.js#Gone', 'ModuleLoadError', NON_RECOVERABLE, /no export "Gone".*TasksModule/],
    ['./dist/tasks.module.js#noModule', 'ModuleLoadError', NON_RECOVERABLE, /is no Nest module/],
    ['./dist/tasks.module.js', 'ModuleLoadError', NON_RECOVERABLE, /give file and export/],
    ['./dist/demo.tasks.js#Greeter', 'ModuleLoadError', RECOVERABLE, /could not be started/],
    ['./dist/broken.js#Never', 'ModuleLoadError', NON_RECOVERABLE, /could not be loaded/],
    ['./dist/lacks-package.js#Never', 'ModuleLoadError', NON_RECOVERABLE, /nestjs-flyte-is-not-this/],
    ['./dist/throws.js#Never', 'ModuleLoadError', RECOVERABLE, /thrown on load/],
    ['./dist/exits.js#Never', 'ProcessExit', RECOVERABLE, /process\.exit\(0\)/],
    ['./dist/starting.module.js#LacksDependency', 'ModuleLoadError', RECOVERABLE, /missing/],
    ['./dist/starting.module.js#IdlesOnStart', 'NeverSettled', RECOVERABLE, /nothing will settle/],
  ])('as %s says so in error.pb', async (module, code, kind, message) => {
    const ended = await act({ root, task: 'demo.hidden', inputs: {}, module });
    expect([ended.code, ended.files]).toEqual([0, ['error.pb']]);
    expect(ended.error).toMatchObject({ code, kind, message: expect.stringMatching(message) as string });
  });

  it('tells no secret that it failed with', async () => {
    const { error, log } = await act({
      ...{ root, task: 'demo.hidden', inputs: {}, module: './dist/starting.module.js#FailsToStart' },
      env: { API_KEY: 'sk-verysecret' },
    });
    expect(error?.message).toContain('cannot connect with ***');
    expect(log).not.toContain('sk-verysecret');
  });

  it('is named readably, whatever the environment holds', async () => {
    const { error } = await act({
      ...{ root, task: 'demo.hidden', inputs: {}, module: './dist/lacks-package.js#Never' },
      env: {
        APP_HOME: root,
        PACKAGE: 'nestjs-flyte-is-not-this',
        FILE: 'lacks-package.js',
        WHAT: 'Cannot find package',
      },
    });
    expect(error?.message).toMatch(/Cannot find (?:package|module).*nestjs-flyte-is-not-this/);
    expect(error?.message).not.toContain('***');
  });

  it('is given up where it never ends', async () => {
    const module = './dist/starting.module.js#HangsOnStart';
    const { code, error } = await act({
      root,
      task: 'demo.hidden',
      inputs: {},
      module,
      env: { NESTJS_FLYTE_START_TIMEOUT: '800ms' },
    });
    expect(code).toBe(0);
    expect(error).toMatchObject({ code: 'StartTimedOut', kind: RECOVERABLE });
  });

  it('is killed where it never gives way, and says why', async () => {
    const module = './dist/starting.module.js#BusyOnStart';
    let ended;
    // On a busy machine the time may be up before the module is loaded, which is another end.
    for (let ms = 800; !ended?.log.includes('is busy'); ms *= 2) {
      const env = { NESTJS_FLYTE_START_TIMEOUT: `${ms}ms` };
      // oxlint-disable-next-line no-await-in-loop
      ended = await act({ root, task: 'demo.hidden', inputs: {}, module, env });
    }
    expect(ended.code).toBe(0);
    expect(ended.log).toMatch(/never gave way and is killed: StartTimedOut/);
    expect(ended.error).toMatchObject({ code: 'StartTimedOut', kind: RECOVERABLE });
  });
});
