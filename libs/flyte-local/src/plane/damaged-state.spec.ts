import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import Database from 'libsql';
import { DataProxyService } from 'nestjs-flyte/idl/dataproxy/dataproxy_service';
import { ProjectService } from 'nestjs-flyte/idl/project/project_service';
import { TaskService } from 'nestjs-flyte/idl/task/task_service';
import { TriggerAutomationSpecType } from 'nestjs-flyte/idl/task/common';
import { TriggerService } from 'nestjs-flyte/idl/trigger/trigger_service';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalControlPlane } from './local-control-plane.js';
import { startLocalControlPlane } from './start-local-control-plane.js';

const DATA_LOSS = 15;
const PROJECT = { project: 'flytesnacks', domain: 'development' };
const TASK_ID = { ...PROJECT, name: 'hello', version: 'v1' };
const RUN = { ...PROJECT, name: 'r1' };
const ACTION = { run: RUN, name: 'a0' };
const SCRIPT = 'echo begun; : > "${1#file://}/outputs.pb"';
const SPEC = {
  taskTemplate: {
    target: {
      case: 'container' as const,
      value: { command: ['/bin/sh', '-c', SCRIPT, 'sh', '{{.outputPrefix}}'] },
    },
  },
};

describe('damaged state', () => {
  let state: string;
  let plane: LocalControlPlane;
  let transport: Transport;
  const warnings: string[] = [];

  async function start(): Promise<void> {
    plane = await startLocalControlPlane({ port: 0, state, onWarning: (message) => warnings.push(message) });
    const token = await plane.token('alice');
    transport = createConnectTransport({
      ...{ baseUrl: plane.url, httpVersion: '2' },
      interceptors: [
        (next) => (request) => {
          request.header.set('authorization', `Bearer ${token}`);
          return next(request);
        },
      ],
    });
  }
  beforeEach(async () => {
    warnings.length = 0;
    state = mkdtempSync(join(tmpdir(), 'flyte-local-'));
    await start();
    await createClient(TaskService, transport).deployTask({ taskId: TASK_ID, spec: SPEC });
    const id = { case: 'runId' as const, value: RUN };
    await createClient(RunService, transport).createRun({ id, task: { case: 'taskId', value: TASK_ID } });
    const changes = createClient(RunService, transport).watchActionDetails({ actionId: ACTION });
    for await (const { details } of changes) void details;
  });
  afterEach(async () => {
    await plane.close();
    rmSync(state, { recursive: true });
  });

  function damage(sql: string): void {
    const database = new Database(join(state, 'control-plane.db'));
    database.exec(sql);
    database.close();
  }

  /** The file of this name, somewhere in the data. */
  function fileOf(name: string): string {
    const runs = join(state, 'data');
    const found = readdirSync(runs, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith(name));
    return join(runs, found ?? '');
  }

  /** What a call that must fail for damage says. */
  async function said(call: Promise<unknown>): Promise<string> {
    const error = ConnectError.from(
      await call.then(
        () => undefined,
        (reason: unknown) => reason,
      ),
    );
    expect(error.code).toBe(DATA_LOSS);
    return error.rawMessage;
  }

  const runs = () => createClient(RunService, transport);
  const data = () => createClient(DataProxyService, transport).getActionData({ actionId: ACTION });
  async function lines(): Promise<string[]> {
    const found: string[] = [];
    for await (const { logs } of createClient(DataProxyService, transport).tailLogs({ actionId: ACTION, attempt: 1 }))
      found.push(...logs.flatMap((part) => part.lines.map(({ message }) => message)));
    return found;
  }

  it('of rows is data loss, and names them', async () => {
    damage("UPDATE tasks SET message = x'ff'; UPDATE projects SET message = x'ff'");
    const tasks = createClient(TaskService, transport);
    const damaged = /task "hello" in version "v1" is damaged\. Deploy that version again/;
    expect(await said(tasks.getTaskDetails({ taskId: TASK_ID }))).toMatch(damaged);
    expect(await said(tasks.listTasks({}))).toMatch(damaged);
    expect(await said(createClient(ProjectService, transport).listProjects({}))).toMatch(
      /project "flytesnacks" is damaged/,
    );
    damage("UPDATE actions SET run_spec = x'ff'");
    expect(await said(runs().getRunDetails({ runId: RUN }))).toMatch(/run "r1" is damaged\. Delete its row/);
    damage("UPDATE actions SET message = x'ff'");
    expect(await said(runs().listRuns({}))).toMatch(/run "r1" is damaged\. Delete its row/);
    expect(await said(lines())).toMatch(/run "r1" is damaged/);
    // As the messages say.
    await createClient(ProjectService, transport).updateProject({ project: { id: 'flytesnacks' } });
    await tasks.deployTask({ taskId: TASK_ID, spec: SPEC });
    await expect(tasks.getTaskDetails({ taskId: TASK_ID })).resolves.toBeDefined();
  });

  it('of rows is said at the start, which it does not prevent', async () => {
    const cron = { expression: '0 2 * * *', timezone: 'UTC' };
    const schedule = { expression: { case: 'cron' as const, value: cron } };
    await createClient(TriggerService, transport).deployTrigger({
      name: { ...PROJECT, taskName: 'hello', name: 'nightly' },
      spec: { active: true, taskVersion: 'v1' },
      automationSpec: {
        type: TriggerAutomationSpecType.TYPE_SCHEDULE,
        automation: { case: 'schedule', value: schedule },
      },
    });
    await plane.close();
    damage(
      "UPDATE actions SET message = x'ff', open = 1; UPDATE tasks SET message = x'ff'; UPDATE triggers SET message = x'ff'",
    );
    await start();
    expect(warnings.join('\n')).toMatch(/trigger "nightly" of the task "hello" is damaged/);
    expect(warnings.join('\n')).toMatch(/run "r1" is damaged/);
    expect(warnings.join('\n')).toMatch(/task "hello" in version "v1" is damaged/);
  });

  it.each([
    ['text', 'no JSON'],
    ['other JSON', '{"at":"now"}'],
    ['null', 'null'],
  ])('of a log is data loss, and names it (%s)', async (_what, text) => {
    expect(await lines()).toEqual(['begun']);
    writeFileSync(fileOf('log.jsonl'), `${text}\n`);
    expect(await said(lines())).toBe(`The log ${fileOf('log.jsonl')} is damaged. Delete it: what it held is lost.`);
  });

  it('of inputs and outputs is data loss, and names them', async () => {
    writeFileSync(fileOf('outputs.pb'), 'no message');
    expect(await said(data())).toContain(`${fileOf('outputs.pb')} is damaged. Delete it`);
    writeFileSync(fileOf('inputs.pb'), 'no message');
    expect(await said(data())).toContain(`${fileOf('inputs.pb')} is damaged. Delete the folder`);
  });

  it.skipIf(process.platform === 'win32')('never waits for a pipe in the place of a file', async () => {
    const [log, inputs] = [fileOf('log.jsonl'), fileOf('inputs.pb')];
    for (const path of [log, inputs]) {
      rmSync(path);
      execFileSync('mkfifo', [path]);
    }
    expect(await said(lines())).toContain(log);
    expect(await said(data())).toContain(inputs);
    await plane.close();
    const key = join(state, 'signing-key.json');
    rmSync(key);
    execFileSync('mkfifo', ['-m', '600', key]);
    await expect(start()).rejects.toThrow(/signing key .* can't be read \(EFTYPE\)/);
    rmSync(key);
    await start();
  });
});
