import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { ErrorInfo_Kind } from 'nestjs-flyte/idl/workflow/run_definition';
import { mintToken, startLocalControlPlane } from 'nestjs-flyte-local';
import { describe, expect, it } from 'vitest';
import {
  clientsFor,
  executionClients,
  finished,
  isRunningWith,
  logOf,
  messageOf,
  PROJECT,
  DOMAIN,
  putSecret,
  reached,
  runTask,
  shellTask,
  startRun,
} from './execution-support.js';
import { addressOf, startCommand, temporaryFolder } from './support.js';

const { ABORTED, FAILED, QUEUED, RUNNING, SUCCEEDED } = ActionPhase;

describe('a plane that is killed', () => {
  it.skipIf(process.platform !== 'linux')(
    'leaves nothing running and no secret, and its runs go on or fail',
    async () => {
      const folder = temporaryFolder();
      const state = join(folder, 'state');
      const seen = join(folder, 'seen');
      mkdirSync(seen);
      const child = startCommand(folder, '--port', '0', '--state', 'state', '--max-concurrent-actions', '3');
      const url = await addressOf(child);
      const clients = executionClients(url, await mintToken({ state, subject: 'alice' }));
      await putSecret(clients, 'file', 'secret-of-the-killed');
      const secrets = [{ key: 'file', mountRequirement: 2 }];
      const left = `61${process.pid}.5`;
      const first = (name: string) =>
        `echo "attempt $FLYTE_ATTEMPT_NUMBER"; [ "$FLYTE_ATTEMPT_NUMBER" = 1 ] && finish && exit 0
       echo "$FLYTE_SECRETS_DEFAULT_DIR" > ${seen}/${name}; setsid sleep ${left} & : > ${seen}/${name}-started; sleep 600`;
      const retried = await startRun(
        clients,
        shellTask(first('retried'), secrets, { metadata: { retries: { retries: 1 } } }),
      );
      const failing = await startRun(clients, shellTask(first('failing'), secrets));
      const stubborn = await startRun(
        clients,
        shellTask(`trap "" TERM; : > ${seen}/stubborn; while :; do sleep 1; done`),
      );
      await expect.poll(() => readdirSync(seen).filter((name) => !name.endsWith('-started')).length).toBe(3);
      await expect
        .poll(() => existsSync(join(seen, 'failing-started')) && existsSync(join(seen, 'retried-started')))
        .toBe(true);
      const queued = [];
      for (const name of ['a', 'b', 'c'])
        queued.push(await startRun(clients, shellTask(`echo ${name} >> ${folder}/order; finish`)));
      await clients.runs.abortRun({ runId: stubborn });
      const before = await clients.runs.getRunDetails({ runId: queued[0] });
      expect(before.details?.action?.status?.phase).toBe(QUEUED);
      child.kill('SIGKILL');
      await once(child, 'close');

      const folders = ['retried', 'failing'].map((name) => readFileSync(join(seen, name), 'utf8').trim());
      for (const path of folders) expect(existsSync(path)).toBe(true);
      const warnings: string[] = [];
      await using plane = await startLocalControlPlane({
        port: 0,
        state,
        maxConcurrentActions: 1,
        onWarning: (text) => warnings.push(text),
      });
      for (const path of folders) expect(existsSync(path)).toBe(false);
      // What is apart has ended with the plane; of the rest, its user is told.
      const isApart = !warnings.some((text) => text.startsWith('Actions are not apart'));
      if (!isApart) expect(warnings.join()).toMatch(/outlived/);
      await expect.poll(() => isRunningWith(left)).toBe(false);

      const again = await clientsFor(plane);
      const went = await finished(again, retried);
      expect(went.attempts.map(({ phase }) => phase)).toEqual([FAILED, SUCCEEDED]);
      expect(went.attempts[0]?.errorInfo).toMatchObject({ kind: ErrorInfo_Kind.SYSTEM });
      // The plane's own lines stand there too: an ordinary user's secret files are not at /etc/flyte/secrets.
      const printed = async (attempt: number): Promise<string[]> =>
        (await logOf(again, retried, attempt)).filter((line) => line.startsWith('attempt'));
      expect(await printed(1)).toEqual(['attempt 0']);
      expect(await printed(2)).toEqual(['attempt 1']);
      const failed = await finished(again, failing);
      expect(failed.status?.phase).toBe(FAILED);
      expect(messageOf(failed)).toMatch(/control plane stopped while this attempt was running/);
      expect((await finished(again, stubborn)).attempts.map(({ phase }) => phase)).toEqual([ABORTED]);
      for (const run of queued) expect((await finished(again, run)).status?.phase).toBe(SUCCEEDED);
      expect(readFileSync(join(folder, 'order'), 'utf8')).toBe('a\nb\nc\n');
    },
  );
});

describe('a plane that is closed', () => {
  it('ends what runs, removes its secrets, and the next one knows all of it', async () => {
    const folder = temporaryFolder();
    const state = join(folder, 'state');
    const plane = await startLocalControlPlane({ port: 0, state, abortGraceMs: 100 });
    const clients = await clientsFor(plane);
    await putSecret(clients, 'file', 'x1y2z3');
    const secrets = [{ key: 'file', mountRequirement: 2 }];
    const { run, details } = await runTask(clients, shellTask('echo kept; finish'));
    const where = join(folder, 'where');
    const running = await startRun(
      clients,
      shellTask(`trap "" TERM; echo "$FLYTE_SECRETS_DEFAULT_DIR" > ${where}; sleep 600; sleep 6000`, secrets),
    );
    await reached(clients, running, RUNNING);
    await expect.poll(() => existsSync(where) && readFileSync(where, 'utf8')).toMatch(/\n/);
    const taskId = { project: PROJECT, domain: DOMAIN, name: 'kept', version: '1' };
    await clients.tasks.deployTask({ taskId, spec: shellTask('finish') });
    await plane.close();
    expect(existsSync(readFileSync(where, 'utf8').trim())).toBe(false);

    await using next = await startLocalControlPlane({ port: 0, state });
    const again = await clientsFor(next);
    expect(await finished(again, run)).toEqual(details);
    expect(await logOf(again, run)).toEqual(['kept']);
    expect((await finished(again, running)).status?.phase).toBe(FAILED);
    await expect(again.tasks.getTaskDetails({ taskId })).resolves.toBeDefined();
    expect((await again.secrets.listSecrets({})).secrets.length).toBe(1);
    const used = await runTask(
      again,
      shellTask('[ "$FILE" = x1y2z3 ] && finish', [{ key: 'file', mountRequirement: 1 }]),
    );
    expect(messageOf(used.details)).toBe('');
  });

  it('in memory leaves no file behind', async () => {
    const plane = await startLocalControlPlane({ port: 0, state: ':memory:' });
    const clients = await clientsFor(plane);
    await putSecret(clients, 'file', 'x1y2z3');
    const { log } = await runTask(
      clients,
      shellTask('echo "$FLYTE_SECRETS_DEFAULT_DIR"; echo "$_U_RUN_BASE"; finish', [
        { key: 'file', mountRequirement: 2 },
      ]),
    );
    await plane.close();
    const [secretsFolder = '', runBase = ''] = log.filter((line) => line.includes('nestjs-flyte-local'));
    expect(existsSync(join(secretsFolder, '..'))).toBe(false);
    expect(existsSync(new URL(runBase))).toBe(false);
  });

  it.skipIf(process.platform !== 'linux')(
    'in memory is cleaned up by the next one in memory, if it was killed',
    async () => {
      const folder = temporaryFolder();
      const child = startCommand(folder, '--port', '0', '--state', ':memory:');
      await addressOf(child);
      const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`nestjs-flyte-local-${child.pid}-`));
      expect(left().length).toBe(1);
      child.kill('SIGKILL');
      await once(child, 'close');
      await (await startLocalControlPlane({ port: 0, state: ':memory:' })).close();
      expect(left()).toEqual([]);
    },
  );
});
