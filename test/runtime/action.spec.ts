import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { act, buildApp, temporaryFolder, texts } from './support.js';

const root = buildApp();

describe('an action that succeeds', () => {
  it('gets its inputs, parsed once and with their default, and its dependencies, and leaves outputs.pb alone', async () => {
    const { code, files, outputs, log } = await act({ root, task: 'demo.greet', inputs: { who: 'alice' } });
    expect(code).toBe(0);
    expect(files).toEqual(['outputs.pb']);
    expect(texts(outputs)).toEqual({ text: 'hello, alice, parsed 1' });
    expect(log).toContain('Task demo.greet succeeded');
    expect(log.split('\n').at(-2)).toContain('destroyed');
    expect(log).not.toMatch(/NestFactory|InstanceLoader/);
    expect(log).not.toContain('\u001B');
  });

  it('writes an empty message where there are no outputs', async () => {
    const { code, files, outputs } = await act({ root, task: 'demo.nothing', inputs: {} });
    expect([code, files, outputs?.literals]).toEqual([0, ['outputs.pb'], []]);
  });

  it('makes what is request-scoped for the action', async () => {
    const { outputs } = await act({ root, task: 'demo.scoped', inputs: {} });
    expect(texts(outputs)).toEqual({ number: 1, same: true, of: 'demo.scoped' });
  });

  it('knows its run by TaskContext, from the start of the module on', async () => {
    const env = { FLYTE_ATTEMPT_NUMBER: '2', _U_ORG_NAME: 'acme' };
    const { outputs, log } = await act({ root, task: 'demo.describe', inputs: {}, env });
    const value = outputs?.literals[0]?.value?.value;
    const entries = Object.entries(value?.case === 'map' ? value.value.literals : {});
    const described = Object.fromEntries(
      entries.map(([name, literal]) => [name, texts({ literals: [{ name, value: literal }] } as never)[name]]),
    );
    expect(described).toEqual({
      ...{ run: 'r1', action: 'a0', task: 'demo.describe', version: 'v1', attempt: '3', ready: 'demo.describe' },
      ...{ project: 'p1', domain: 'development', org: 'acme', aborted: 'false' },
    });
    expect(log).toMatch(/\[demo\.describe\] described/);
  });

  it('reads its secrets, from the variable and from the file', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'user-creds'));
    writeFileSync(join(folder, 'user-creds/ssh-key'), 'line 1\nline 2\n');
    const env = { API_KEY: 'from the variable', FLYTE_SECRETS_DEFAULT_DIR: folder };
    const { outputs } = await act({ root, task: 'demo.secrets', inputs: {}, env });
    expect(texts(outputs)).toEqual({ variable: 'from the variable', file: 'line 1\nline 2\n' });
  });

  it.each([
    ['a module that connects to Flyte, whose endpoint Flyte tells', 'ConnectedModule'],
    ['a module that comes later', 'later'],
  ])('is found in %s', async (_, module) => {
    const { outputs } = await act({
      ...{ root, task: 'demo.greet', inputs: { who: 'bob', greeting: 'hi' } },
      module: `./dist/tasks.module.js#${module}`,
    });
    expect(texts(outputs)).toEqual({ text: 'hi, bob, parsed 1' });
  });

  it('is found by the name that the app’s default environment gives it', async () => {
    const { outputs } = await act({ root, task: 'other.hidden', inputs: {} });
    expect(texts(outputs)).toEqual({ o0: 'plain' });
  });

  it.each(['HangsOnClose', 'FailsOnClose'])('stays one where the module %s', async (module) => {
    const { code, files, log } = await act({
      ...{ root, task: 'demo.hidden', inputs: {}, module: `./dist/closing.module.js#${module}` },
      env: { NESTJS_FLYTE_CLOSE_TIMEOUT: '300ms' },
    });
    expect([code, files]).toEqual([0, ['outputs.pb']]);
    expect(log).toMatch(/Shutting the module down is not done|the pool is broken/);
  });

  it('stays one where its process dies while the module shuts down', async () => {
    const module = './dist/closing.module.js#DiesOnClose';
    const { code, files } = await act({ root, task: 'demo.hidden', inputs: {}, module });
    expect([code, files]).toEqual([0, ['outputs.pb']]);
  });
});
