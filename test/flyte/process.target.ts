import { createHash, randomBytes } from 'node:crypto';
import type { FlyteClient } from 'nestjs-flyte';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from './connect.js';
import { needs, note, starts, target } from './target.js';
import { FILE, LONG_FILE, LONG_VARIABLE, MISSING, Process, VARIABLE } from './tasks/suite.tasks.js';

let flyte: FlyteClient;
const values = { variable: randomBytes(12).toString('hex'), file: randomBytes(12).toString('hex') };
beforeAll(async () => {
  flyte = await connect();
  await flyte.secrets.put(VARIABLE, values.variable);
  await flyte.secrets.put(FILE, values.file);
});
afterAll(async () => {
  await flyte.secrets.delete(VARIABLE);
  await flyte.secrets.delete(FILE);
});

describe.concurrent('the process of an action', () => {
  it('gets the arguments and variables that the runtime relies on', async () => {
    const run = await flyte.task(Process, 'about').run(undefined, { envVars: { SUITE_OF: 'run' } });
    const { args, env } = await run.outputs();
    const argument = (name: string): string => args[args.indexOf(name) + 1] ?? '';
    const scheme = target.kind === 'local' ? 'file' : '[a-z0-9]+';
    expect(argument('--inputs')).toMatch(new RegExp(`^${scheme}://.+/inputs\\.pb$`));
    for (const name of ['--outputs-path', '--raw-data-path', '--checkpoint-path']) {
      // The local control plane says paths where Python's SDK takes no URL of a file.
      const place = target.kind === 'local' ? '(file://)?/' : `${scheme}://`;
      expect(argument(name), name).toMatch(new RegExp(`^${place}.+[^/]$`));
    }
    expect(argument('--prev-checkpoint')).toBe('""');
    const { project, domain, version } = target;
    expect(env).toMatchObject({
      ...{ RUN_NAME: run.name, ACTION_NAME: 'a0', FLYTE_ATTEMPT_NUMBER: '0', FLYTE_INTERNAL_EXECUTION_ID: run.name },
      ...{ FLYTE_INTERNAL_EXECUTION_PROJECT: project, FLYTE_INTERNAL_EXECUTION_DOMAIN: domain },
      ...{ FLYTE_INTERNAL_TASK_PROJECT: project, FLYTE_INTERNAL_TASK_DOMAIN: domain },
      ...{ FLYTE_INTERNAL_TASK_NAME: 'flyte-suite.about', FLYTE_INTERNAL_TASK_VERSION: version },
      ...{ _U_RUN_BASE: expect.stringMatching(/:\/\/.+/), _U_ORG_NAME: expect.stringMatching(/./) },
      // A run's variables come after its task's.
      SUITE_OF: 'run',
      FLYTE_SECRETS_DEFAULT_DIR: expect.stringMatching(/^\//),
    });
  });

  it('gets every variable that Flyte’s own pods have', async (test) => {
    needs(test, 'pod variables');
    const { env } = await flyte.task(Process, 'about').call();
    const names = ['FLYTE_INTERNAL_PROJECT', 'FLYTE_INTERNAL_DOMAIN', 'FLYTE_INTERNAL_NAME', 'FLYTE_INTERNAL_VERSION'];
    expect(Object.keys(env)).toEqual(expect.arrayContaining([...names, '_F_PN', 'HOSTNAME']));
    expect(env).toMatchObject({ FLYTE_SECRETS_FILE_PREFIX: '', FLYTE_SECRETS_ENV_PREFIX: '_UNION_' });
  });

  it('finds the Flyte that runs it', async (test) => {
    needs(test, 'an endpoint in pods');
    const { env } = await flyte.task(Process, 'about').call();
    expect(env).toMatchObject({ _U_EP_OVERRIDE: expect.stringMatching(/^(https?:\/\/)?[^/]+:\d+$/) });
  });

  it('reads its secrets', async () => {
    const run = await flyte.task(Process, 'secrets').run();
    const hex = (text: string): string => Buffer.from(text).toString('hex');
    expect(await run.outputs()).toEqual({ variable: hex(values.variable), file: hex(values.file) });
  });

  it('reads secrets nearly as long as they may be; longer ones are not stored', async () => {
    const [variable, file] = ['v'.repeat(120_000), 'f'.repeat(90_000)];
    await Promise.all([flyte.secrets.put(LONG_VARIABLE, variable), flyte.secrets.put(LONG_FILE, file)]);
    const { digests } = await flyte.task(Process, 'long').call();
    const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
    expect(digests).toEqual([digestOf(variable), digestOf(file)]);
    for (const secret of [LONG_VARIABLE, LONG_FILE]) {
      await expect(flyte.secrets.put(secret, 'x'.repeat(140_000))).rejects.toMatchObject({ code: 'invalid_argument' });
      await flyte.secrets.delete(secret);
    }
  });

  it('does not start without a secret that it declares', async () => {
    const run = await flyte.task(Process, 'lacks').run();
    const info = await run.wait();
    note('a missing secret', run.name, info.attempts);
    if (target.kubeconfig) expect(starts(run.name, info.attempts)).toBe(0);
    expect(info).toMatchObject({ phase: 'failed', error: { origin: 'user' } });
    expect(info.error?.message).toContain(MISSING.key);
  });
});
