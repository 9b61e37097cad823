import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { Code } from '@connectrpc/connect';
import { FakeFlyte } from '../tasks/fake-flyte.js';
import { startPlane } from '../support/plane.js';
import { Cli, createApp, MODULE } from './support.js';

// Each command is a process of its own, and on a busy machine takes its time to start.
vi.setConfig({ testTimeout: 600_000 });

const app = createApp();
let plane: LocalControlPlane;
let cli: Cli;
beforeAll(async () => {
  plane = await startPlane();
  writeFileSync(join(app.root, 'token'), await plane.token('alice'));
  cli = new Cli(app.root, {
    ...{ FLYTE_ENDPOINT: plane.url, FLYTE_PROJECT: 'flytesnacks', FLYTE_DOMAIN: 'development' },
    ...{ FLYTE_TOKEN_FILE: 'token' },
  });
});
afterAll(async () => {
  await plane.close();
  app.remove();
});

/** What tells each from the next: the answer, the exit code, the arguments, and variables. */
type Case = [what: string, says: RegExp, code: number, args: string, env?: () => Record<string, string>];

it.each<Case>([
  ['no login', /without credentials\. Log in by FLYTE_TOKEN_FILE/, 1, 'whoami', () => ({ FLYTE_TOKEN_FILE: '' })],
  [
    'a login that Flyte refuses',
    /still good, and is one for this Flyte: that of FLYTE_TOKEN_FILE/,
    1,
    'whoami',
    () => ({ FLYTE_TOKEN_FILE: '', FLYTE_TOKEN: 'garbage' }),
  ],
  [
    'a client, where Flyte does not say how to log in',
    /FLYTE_CLIENT_ID needs .* give a token in FLYTE_TOKEN_FILE or FLYTE_TOKEN/,
    1,
    'whoami',
    () => ({ FLYTE_TOKEN_FILE: '', FLYTE_CLIENT_ID: 'ci', FLYTE_CLIENT_SECRET: 'x' }),
  ],
  ['no such project', /correct --project or FLYTE_PROJECT/, 1, `deploy --module ${MODULE} -p nosuch`],
  [
    'TLS where there is none',
    /give FLYTE_ENDPOINT with "http:\/\/", and beyond this machine set FLYTE_INSECURE=true/,
    1,
    'whoami',
    () => ({ FLYTE_ENDPOINT: plane.url.replace('http:', 'https:') }),
  ],
  [
    'plaintext to another machine',
    /The endpoint: "http:\/\/" would send credentials in clear .* set FLYTE_INSECURE=true\.$/m,
    1,
    'whoami',
    () => ({ FLYTE_ENDPOINT: 'http://flyte.example.com' }),
  ],
  [
    'no project and no domain',
    /There is no project and no domain: give --project or FLYTE_PROJECT, and --domain or FLYTE_DOMAIN\./,
    2,
    'get runs',
    () => ({ FLYTE_PROJECT: '', FLYTE_DOMAIN: '' }),
  ],
  [
    'no domain',
    /There is no domain: give --domain or FLYTE_DOMAIN\./,
    2,
    'secret list --scope domain',
    () => ({ FLYTE_DOMAIN: '' }),
  ],
])('says what to do at a command line: %s', async (_what, says, code, args, env) => {
  const ended = await cli.run(args.split(' '), env?.());
  expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(says) });
  expect(ended.stderr).not.toMatch(/FlyteModule|clientCredentials|with\(\{/);
});

it('names a secret as who asks does, and what would do', async () => {
  await cli.run(['secret', 'create', 'key'], {}, 'value');
  const again = await cli.run(['secret', 'create', 'key'], {}, 'value');
  expect(again).toEqual({
    ...{ code: 1, stdout: '' },
    stderr:
      'already_exists: "key" is stored already in flytesnacks/development; --replace puts this value in its place.\n',
  });
  const elsewhere = await cli.run(['secret', 'delete', 'key', '--scope', 'domain']);
  expect(elsewhere).toMatchObject({ code: 1, stdout: '' });
  expect(elsewhere.stderr).toMatch(
    /^not_found: There is no "key" in the scope of the domain development\. --scope says/,
  );
});

it('tells a class that is no module from one that fails, without a stack', async () => {
  const file = "import { Controller } from '@nestjs/common'; export class Api {} Controller()(Api);";
  writeFileSync(join(app.root, 'dist/api.js'), file);
  const { code, stderr } = await cli.run(['deploy', '--module', './dist/api.js#Api']);
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^invalid_argument: \.\/dist\/api\.js#Api is no module, but a controller or a provider: .*\n$/,
  );
});

it('tells inputs that are no JSON from inputs that are not there', async () => {
  writeFileSync(join(app.root, 'inputs.json'), 'text: hush');
  const { code, stderr } = await cli.run(['run', 'cli.repeat', '--inputs', 'inputs.json']);
  expect([code, stderr]).toEqual([2, 'invalid_argument: The file of --inputs, inputs.json, is no JSON.\n']);
});

it('says that a run may go on where it can be waited for no longer', async () => {
  const flyte = await FakeFlyte.start();
  onTestFinished(() => flyte.close());
  const env = { FLYTE_ENDPOINT: flyte.url };
  await cli.run(['deploy', '--module', MODULE], env);
  flyte.failures.push(
    ...['getRunDetails', 'getActionDetails', 'watchActionDetails'].map((method) => ({
      method,
      code: Code.PermissionDenied,
    })),
  );
  const { code, stderr } = await cli.run(['run', 'cli.wait', '--follow'], env);
  const [run = ''] = flyte.runs.keys();
  expect(code).toBe(1);
  expect(stderr).toMatch(
    new RegExp(
      `^The log is not[^]*^Run ${run} may go on: see "npx --no-install nestjs-flyte get run ${run}"[^]*^permission_`,
      'm',
    ),
  );
});

it('says by which codes it ends', async () => {
  expect((await cli.run(['--help'])).stdout).toMatch(/Exit codes: 0 done.*130 after Ctrl-C, 143 after SIGTERM/);
});
