import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerError_Kind, ExecutionError_ErrorKind } from 'nestjs-flyte/idl/core/execution';
import { describe, expect, it } from 'vitest';
import { act, type Action, buildApp, temporaryFolder } from './support.js';

const root = buildApp();
const { USER, SYSTEM } = ExecutionError_ErrorKind;
const { RECOVERABLE, NON_RECOVERABLE } = ContainerError_Kind;
const failing = (how: string): Action => ({ root, task: 'demo.fail', inputs: { how } });

describe('an action that fails', () => {
  it.each([
    ['an error', failing('user'), ['TypeError', USER, RECOVERABLE, /^no such thing\nCaused by: the real reason$/]],
    [
      'an error of Flyte',
      failing('system'),
      ['unavailable', USER, RECOVERABLE, /^\[origin: system\] Flyte did not answer\.$/],
    ],
    ['misuse of the library', failing('misuse'), ['misuse', USER, NON_RECOVERABLE, /^wrongly used$/]],
    ['what no retry would change', failing('final'), ['BadLicence', USER, NON_RECOVERABLE, /^never again$/]],
    ['text thrown', failing('text'), ['UnknownError', USER, RECOVERABLE, /^just text$/]],
    ['undefined thrown', failing('nothing'), ['UnknownError', USER, RECOVERABLE, /undefined/]],
    ['an error that cannot be read', failing('hostile'), ['Error', USER, RECOVERABLE, /cannot be shown/]],
    [
      'outputs that do not fit',
      { root, task: 'demo.wrong', inputs: {} },
      ['DataValidationError', USER, NON_RECOVERABLE, /outputs\.number/],
    ],
    [
      'outputs that are too large',
      { root, task: 'demo.large', inputs: { megabytes: 3 } },
      ['InlineIOMaxBytesBreached', USER, NON_RECOVERABLE, /3145\d+ bytes.*2 MiB.*"large" 3145\d+.*FlyteFile/],
    ],
    [
      'inputs that do not fit',
      { root, task: 'demo.greet', inputs: { who: 'x', whom: 'y' } },
      ['DataValidationError', USER, NON_RECOVERABLE, /whom/],
    ],
    [
      'an input that is missing',
      { root, task: 'demo.greet', inputs: {} },
      ['DataValidationError', USER, NON_RECOVERABLE, /inputs\.who/],
    ],
    [
      'inputs of another kind',
      { root, task: 'demo.greet', inputs: new TextEncoder().encode('this is no protobuf') },
      ['InputsUnreadable', SYSTEM, NON_RECOVERABLE, /no task\.Inputs message/],
    ],
    ['no inputs file', { root, task: 'demo.nothing' }, ['InputsUnreadable', SYSTEM, NON_RECOVERABLE, /there is none/]],
    [
      'a secret that is not there',
      { root, task: 'demo.secrets', inputs: {} },
      ['failed_precondition', USER, NON_RECOVERABLE, /API_KEY \(not set\)/],
    ],
    [
      'another name of the task',
      { root, task: 'demo.gone', inputs: {} },
      ['TaskNotFound', USER, NON_RECOVERABLE, /no task "demo\.gone".*demo\.greet/],
    ],
    [
      'a call to the Flyte that runs it, without credentials',
      { root, task: 'demo.whoami', inputs: {}, module: './dist/tasks.module.js#ConnectedModule' },
      ['unavailable', USER, RECOVERABLE, /^\[origin: system\] .*UserInfo/],
    ],
    [
      'a wrong setting',
      { root, task: 'demo.nothing', inputs: {}, env: { NESTJS_FLYTE_GRACE: '5' } },
      ['invalid_configuration', USER, NON_RECOVERABLE, /NESTJS_FLYTE_GRACE/],
    ],
  ] as const)('by %s says so in error.pb, and exits with 0', async (_, action, [code, origin, kind, message]) => {
    const ended = await act(action);
    expect(ended.code).toBe(0);
    expect(ended.files).toEqual(['error.pb']);
    expect(ended.error).toMatchObject({ code, origin, kind, message: expect.stringMatching(message) as string });
    expect(ended.error?.message).not.toMatch(/\n {4}at /);
    expect(ended.log).toContain(`Task ${action.task} failed`);
  });

  it('tells no secret that the task put into its error, in whatever form', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'user-creds'));
    writeFileSync(join(folder, 'user-creds/ssh-key'), 'the private key');
    const env = { API_KEY: 'sk-verysecret', FLYTE_SECRETS_DEFAULT_DIR: folder };
    const { error, log } = await act({ ...failing('secret'), env });
    expect(error?.message).toBe('401 for *** and ***');
    expect(log).not.toMatch(/sk-verysecret|the private key|dGhlIHByaXZhdGUga2V5/);
  });

  it.each([
    ['a scheme that is not supported', ['--inputs', 'ftp://bucket/inputs.pb'], /"ftp" is not supported/],
    ['a template that was not filled in', ['--inputs', '{{.input}}'], /template/],
    ['a file of another machine', ['--inputs', 'file://elsewhere/inputs.pb'], /names no file of this machine/],
  ])('by %s for its inputs', async (_, inputs, message) => {
    const outputs = temporaryFolder();
    const { code, log } = await act({ root, task: '', args: [...TARGET, ...inputs, '--outputs-path', outputs] });
    expect(code).toBe(0);
    expect(log).toMatch(message);
  });

  it.each(['the action', 'what survives it'])(
    'exits with 0 where %s has no place for error.pb, and the log says so',
    async (who) => {
      const args = [...TARGET, '--inputs', '/nowhere/inputs.pb', '--outputs-path', 'ftp://host/out'];
      const env: Record<string, string> = who !== 'the action' ? { NODE_OPTIONS: '--require=./gone.cjs' } : {};
      const { code, log } = await act({ root, task: '', args, env });
      expect(code).toBe(0);
      expect(log).toMatch(
        /error\.pb cannot be written, so the run fails without a reason: Storage of the scheme "ftp"/,
      );
    },
  );

  it.each([
    [[], /--task is missing/],
    [['--task', 'a.b', '--version', 'v1'], /--module is missing/],
    [['--what', 'x'], /--what/],
  ])('says what is wrong with the arguments %j, in error.pb where it can', async (args, message) => {
    const outputs = temporaryFolder();
    const place = args.length > 0 ? ['--outputs-path', outputs] : [];
    const { code, log } = await act({ root, task: '', args: [...args, ...place] });
    expect(code).toBe(0);
    expect(log).toMatch(message);
    expect(log).not.toMatch(/\n {4}at /);
    expect(readdirSync(outputs)).toEqual(args.length > 0 ? ['error.pb'] : []);
  });

  it('exits with 2 for wrong arguments where nothing looks after its end', async () => {
    expect(await act({ root, task: '', args: ['--what'], by: 'nobody' })).toMatchObject({ code: 2 });
  });
});

const TARGET = ['--task', 'demo.nothing', '--version', 'v1', '--module', './dist/tasks.module.js#TasksModule'];
