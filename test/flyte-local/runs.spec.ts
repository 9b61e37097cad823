import { create } from '@bufbuild/protobuf';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { TaskMetadataSchema } from 'nestjs-flyte/idl/core/tasks';
import { InputsSchema } from 'nestjs-flyte/idl/task/common';
import { TaskSpecSchema } from 'nestjs-flyte/idl/task/task_definition';
import type { ListTasksRequest_KnownFilter } from 'nestjs-flyte/idl/task/task_service';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  clientsFor,
  DOMAIN,
  finished,
  logOf,
  messageOf,
  PROJECT,
  runTask,
  script,
  shellTask,
  startRun,
  taskOf,
  type ExecutionClients,
} from './execution-support.js';
import { failure, temporaryFolder } from './support.js';

const folder = temporaryFolder();
let plane: LocalControlPlane;
let clients: ExecutionClients;
beforeAll(async () => {
  plane = await startLocalControlPlane({ port: 0, state: ':memory:', abortGraceMs: 500 });
  clients = await clientsFor(plane);
});
afterAll(() => plane.close());

describe('a deployed task', () => {
  it('runs: inputs in, outputs out, phases seen, logs kept', async () => {
    const double = script(
      folder,
      'double',
      `const { fromBinary, toBinary, create } = await load('@bufbuild/protobuf');
       const { InputsSchema, OutputsSchema } = await load('nestjs-flyte/idl/task/common');
       const { literals } = fromBinary(InputsSchema, readFileSync(fileURLToPath(process.argv[3])));
       const value = literals[0].value.value.value.value.value.value.value;
       console.log('got', String(value));
       const outputs = create(OutputsSchema, { literals: [{ name: 'o0', value: { value: { case: 'scalar', value: { value: {
         case: 'primitive', value: { value: { case: 'integer', value: value * 2n } } } } } } }] });
       writeFileSync(out + '/outputs.pb', toBinary(OutputsSchema, outputs));`,
    );
    const spec = taskOf(double);
    const container = spec.taskTemplate?.target.value;
    if (container?.$typeName === 'flyteidl2.core.Container') container.args = ['{{ .Input }}'];
    const taskId = { project: PROJECT, domain: DOMAIN, name: 'test.double', version: 'v1' };
    await clients.tasks.deployTask({ taskId, spec });
    const integer = (value: bigint) => ({
      value: { case: 'scalar', value: { value: { case: 'primitive', value: { value: { case: 'integer', value } } } } },
    });
    const inputs = create(InputsSchema, { literals: [{ name: 'x', value: integer(21n) }] } as never);
    const run = { project: PROJECT, domain: DOMAIN, name: 'first' };
    const created = await clients.runs.createRun({
      id: { case: 'runId', value: run },
      task: { case: 'taskId', value: taskId },
      inputWrapper: { case: 'inputs', value: inputs },
    });
    expect(created.run?.action?.status?.phase).toBe(ActionPhase.QUEUED);
    const seen: ActionPhase[] = [];
    const details = await finished(clients, run, seen);
    expect(messageOf(details)).toBe('');
    expect(seen.at(-1)).toBe(ActionPhase.SUCCEEDED);
    expect(details.attempts[0]?.phaseTransitions.map(({ phase }) => phase)).toEqual([
      ActionPhase.QUEUED,
      ActionPhase.INITIALIZING,
      ActionPhase.RUNNING,
      ActionPhase.SUCCEEDED,
    ]);
    const data = await clients.data.getActionData({ actionId: { run, name: 'a0' } });
    expect(data.inputs?.literals[0]).toMatchObject({ name: 'x', value: integer(21n) });
    expect(data.outputs?.literals).toMatchObject([{ name: 'o0', value: integer(42n) }]);
    expect(await logOf(clients, run)).toEqual(['got 21']);
  });
});

describe('a run', () => {
  it('is named by the server when only a project is given, and by the client once', async () => {
    const spec = shellTask('finish');
    const projectId = { name: PROJECT, domain: DOMAIN, organization: '' };
    const task = { case: 'taskSpec' as const, value: spec };
    const { run } = await clients.runs.createRun({ id: { case: 'projectId', value: projectId }, task });
    const named = run?.action?.id?.run;
    expect(named?.name).toMatch(/^r[0-9a-f]{19}$/);
    if (named !== undefined) expect((await finished(clients, named)).status?.phase).toBe(ActionPhase.SUCCEEDED);

    const id = { project: PROJECT, domain: DOMAIN, name: 'only-once' };
    const request = { id: { case: 'runId' as const, value: id }, task };
    const all = await Promise.all(Array.from({ length: 5 }, () => clients.runs.createRun(request)));
    await finished(clients, id);
    all.push(await clients.runs.createRun({ ...request, task: { case: 'taskSpec', value: shellTask('exit 9') } }));
    const starts = new Set(all.map(({ run: same }) => String(same?.action?.status?.startTime?.nanos)));
    expect(starts.size).toBe(1);
    expect(all.at(-1)?.run?.action?.status?.phase).toBe(ActionPhase.SUCCEEDED);
    expect((await clients.runs.getRunDetails({ runId: id })).details?.action?.attempts.length).toBe(1);
  });

  it.each<[string, Record<string, unknown>, number]>([
    ['no id', { task: { case: 'taskSpec', value: shellTask('finish') } }, 3],
    ['no task', { id: { case: 'runId', value: { project: PROJECT, domain: DOMAIN, name: 'x' } } }, 3],
    ['no domain', { id: { case: 'runId', value: { project: PROJECT, name: 'x' } } }, 3],
    ['a name of capitals', { id: { case: 'runId', value: { project: PROJECT, domain: DOMAIN, name: 'Run' } } }, 3],
    ['a name that climbs', { id: { case: 'runId', value: { project: PROJECT, domain: DOMAIN, name: '../x' } } }, 3],
    ['a long name', { id: { case: 'runId', value: { project: PROJECT, domain: DOMAIN, name: 'x'.repeat(31) } } }, 3],
    ['an unknown project', { id: { case: 'runId', value: { project: 'nope', domain: DOMAIN, name: 'x' } } }, 5],
    [
      'an unknown task',
      {
        id: { case: 'runId', value: { project: PROJECT, domain: DOMAIN, name: 'x' } },
        task: { case: 'taskId', value: { project: PROJECT, domain: DOMAIN, name: 'nope', version: '1' } },
      },
      5,
    ],
    [
      'inputs from anywhere',
      {
        id: { case: 'runId', value: { project: PROJECT, domain: DOMAIN, name: 'x' } },
        task: { case: 'taskSpec', value: shellTask('finish') },
        inputWrapper: { case: 'offloadedInputData', value: { uri: 'file:///etc', inputsHash: 'x' } },
      },
      3,
    ],
  ])('with %s is refused', async (_what, request, code) => {
    expect(await failure(clients.runs.createRun(request as never))).toMatchObject({ code });
  });

  it('takes inputs that were uploaded, and fills in defaults of those that were not', async () => {
    const literal = (text: string) => ({
      value: {
        case: 'scalar',
        value: { value: { case: 'primitive', value: { value: { case: 'stringValue', value: text } } } },
      },
    });
    const inputs = create(InputsSchema, { literals: [{ name: 'a', value: literal('given') }] } as never);
    const spec = shellTask('finish');
    spec.defaultInputs = create(TaskSpecSchema, {
      defaultInputs: ['a', 'b'].map((name) => ({
        name,
        parameter: { behavior: { case: 'default', value: literal('default') } },
      })),
    } as never).defaultInputs;
    const projectId = { name: PROJECT, domain: DOMAIN, organization: '' };
    const { offloadedInputData } = await clients.data.uploadInputs({
      id: { case: 'projectId', value: projectId },
      inputs,
    });
    const namesOf = async (wrapper: object) => {
      const { run } = await runTask(clients, spec, wrapper);
      const { inputs: stored } = await clients.data.getActionData({ actionId: { run, name: 'a0' } });
      return stored?.literals.map(({ name }) => name);
    };
    expect(await namesOf({ inputWrapper: { case: 'inputs', value: inputs } })).toEqual(['a', 'b']);
    expect(await namesOf({ inputWrapper: { case: 'offloadedInputData', value: offloadedInputData } })).toEqual(['a']);
  });

  it('is listed by project, task and name, newest first, page by page', async () => {
    const { run } = await runTask(clients, shellTask('finish'));
    const newest = { sortBy: { key: 'created_at' } };
    const { runs } = await clients.runs.listRuns({ request: { limit: 1, ...newest } });
    expect(runs[0]?.action?.id?.run?.name).toBe(run.name);
    const seen: string[] = [];
    for (let token = ''; ;) {
      const page = await clients.runs.listRuns({ request: { limit: 2, token } });
      seen.push(...page.runs.map((one) => one.action?.id?.run?.name ?? ''));
      if (page.token === '') break;
      token = page.token;
    }
    expect(new Set(seen).size).toBe(seen.length);
    const byTask = { project: PROJECT, domain: DOMAIN, name: 'test.double', org: '' };
    const ofTask = await clients.runs.listRuns({ scopeBy: { case: 'taskName', value: byTask } });
    expect(ofTask.runs.map((one) => one.action?.id?.run?.name)).toEqual(['first']);
    const { actions } = await clients.runs.listActions({ runId: run });
    expect(actions.map(({ id }) => id?.name)).toEqual(['a0']);
    expect(await failure(clients.runs.listRuns({ request: { token: 'x' } }))).toMatchObject({ code: 3 });
    const rawFilters = [{}];
    expect(await failure(clients.runs.listRuns({ request: { rawFilters } as never }))).toMatchObject({ code: 12 });
  });

  it('is watched from its state on, by WatchActions without an end', async () => {
    const run = await startRun(clients, shellTask('sleep 0.3; finish'));
    const phases: number[] = [];
    const control = new AbortController();
    const watch = async () => {
      for await (const { enrichedActions } of clients.runs.watchActions({ runId: run }, { signal: control.signal })) {
        for (const { action } of enrichedActions) phases.push(action?.status?.phase ?? 0);
        if (phases.at(-1) === ActionPhase.SUCCEEDED) control.abort();
      }
    };
    expect(await failure(watch())).toMatchObject({ code: 1 });
    expect(phases).toEqual(phases.toSorted((a, b) => a - b));
    expect(await failure(finished(clients, { ...run, name: 'nope' }))).toMatchObject({ code: 5 });
    expect(await failure(clients.runs.abortRun({ runId: { ...run, name: 'nope' } }))).toMatchObject({ code: 5 });
    expect(await failure(clients.runs.getActionDetails({ actionId: { run, name: 'a1' } }))).toMatchObject({ code: 5 });
    expect(await failure(clients.runs.getRunDetails({}))).toMatchObject({ code: 3 });
    expect(await failure(clients.runs.abortRun({}))).toMatchObject({ code: 3 });
  });

  it('is watched with all others, new ones too, and tells where its data and its log are', async () => {
    const control = new AbortController();
    const seen: string[] = [];
    const projectId = { name: PROJECT, domain: DOMAIN };
    const target = { case: 'projectId' as const, value: projectId };
    const watch = async (until: string) => {
      for await (const { runs } of clients.runs.watchRuns({ target }, { signal: control.signal })) {
        seen.push(...runs.map(({ action }) => `${action?.id?.run?.name} ${action?.status?.phase}`));
        if (seen.includes(until)) control.abort();
      }
    };
    const { run: old } = await runTask(clients, shellTask('finish'));
    const watching = failure(watch(`watched ${ActionPhase.SUCCEEDED}`));
    await expect.poll(() => seen).toContain(`${old.name} ${ActionPhase.SUCCEEDED}`);
    await runTask(clients, shellTask('finish'), { name: 'elsewhere', domain: 'staging' });
    const { run, details } = await runTask(clients, shellTask('finish'), { name: 'watched' });
    expect(await watching).toMatchObject({ code: 1 });
    const { QUEUED, INITIALIZING, RUNNING, SUCCEEDED } = ActionPhase;
    const phases = [QUEUED, INITIALIZING, RUNNING, SUCCEEDED].map((phase) => `watched ${phase}`);
    expect(seen.filter((text) => text.startsWith('watched'))).toEqual(phases);
    expect(seen.join()).not.toContain('elsewhere');
    const actionId = { run, name: 'a0' };
    expect(await clients.runs.getActionDataURIs({ actionId })).toMatchObject({
      inputsUri: expect.stringMatching(/^file:.*\/inputs\.pb$/) as string,
      outputsUri: details.attempts[0]?.outputs?.outputUri,
    });
    expect(await clients.runs.getActionLogContext({ actionId, attempt: 1 })).toMatchObject({
      cluster: 'local',
      logContext: { primaryPodName: 'watched-a0-0', pods: [{ podName: 'watched-a0-0' }] },
    });
    expect(await failure(clients.runs.getActionLogContext({ actionId, attempt: 2 }))).toMatchObject({ code: 5 });
  });

  it('keeps to the projects of a limited token', async () => {
    await clients.projects.createProject({ project: { id: 'closed' } });
    const spec = shellTask('finish');
    const closed = { project: 'closed', domain: DOMAIN, name: 'closed-run' };
    const taskId = { project: 'closed', domain: DOMAIN, name: 'closed.task', version: '1' };
    await clients.tasks.deployTask({ taskId, spec });
    await startRun(clients, spec, closed);
    await finished(clients, closed);
    const limited = await clientsFor(plane, { projects: [PROJECT] });
    const actionId = { run: closed, name: 'a0' };
    const own = { id: { case: 'runId' as const, value: { ...closed, project: PROJECT } } };
    const calls: Promise<unknown>[] = [
      startRun(limited, spec, closed),
      limited.runs.createRun({ ...own, task: { case: 'taskId', value: taskId } }),
      limited.runs.getRunDetails({ runId: closed }),
      limited.runs.getActionDetails({ actionId }),
      limited.runs.listActions({ runId: closed }),
      limited.runs.abortRun({ runId: closed }),
      limited.runs.abortAction({ actionId }),
      finished(limited, closed),
      logOf(limited, closed),
      limited.data.getActionData({ actionId }),
      limited.runs.getActionDataURIs({ actionId }),
      limited.runs.getActionLogContext({ actionId, attempt: 1 }),
      limited.data.uploadInputs({ id: { case: 'projectId', value: { name: 'closed', domain: DOMAIN } } }),
      limited.tasks.deployTask({ taskId, spec }),
      limited.tasks.getTaskDetails({ taskId }),
      limited.tasks.listVersions({ taskName: taskId }),
    ];
    for (const error of await Promise.all(calls.map(failure))) expect(error).toMatchObject({ code: 7 });
    const { runs } = await limited.runs.listRuns({});
    expect(new Set(runs.map((one) => one.action?.id?.run?.project))).toEqual(new Set([PROJECT]));
    const { tasks } = await limited.tasks.listTasks({});
    expect(new Set(tasks.map((one) => one.taskId?.project))).toEqual(new Set([PROJECT]));
  });
});

describe('deployed tasks', () => {
  it('are replaced version by version, listed in the one created last, and cut to size', async () => {
    const taskId = { project: PROJECT, domain: DOMAIN, name: 'env.versions', version: 'a' };
    const spec = shellTask('finish');
    spec.documentation = create(TaskSpecSchema, { documentation: { shortDescription: 'ö'.repeat(300) } }).documentation;
    for (const version of ['a', 'b', 'a']) await clients.tasks.deployTask({ taskId: { ...taskId, version }, spec });
    const { versions } = await clients.tasks.listVersions({ taskName: taskId });
    expect(versions.map(({ version }) => version)).toEqual(['b', 'a']);
    expect(versions[0]?.deployedAt?.seconds).toBeGreaterThan(1_700_000_000n);
    const projectId = { name: PROJECT, domain: DOMAIN };
    const { tasks, metadata } = await clients.tasks.listTasks({ scopeBy: { case: 'projectId', value: projectId } });
    expect(tasks.filter((one) => one.taskId?.name === 'env.versions').map((one) => one.taskId?.version)).toEqual(['b']);
    expect(metadata?.total).toBe(tasks.length);
    const { details } = await clients.tasks.getTaskDetails({ taskId });
    const deployedBy = details?.metadata?.deployedBy?.principal;
    expect(deployedBy).toMatchObject({ case: 'user', value: { id: { subject: 'alice' } } });
    expect(details?.spec?.documentation?.shortDescription).toBe('ö'.repeat(255));
    expect(await failure(clients.tasks.getTaskDetails({ taskId: { ...taskId, version: 'z' } }))).toMatchObject({
      code: 5,
    });
    expect(await failure(clients.tasks.deployTask({ taskId: { ...taskId, project: 'nope' }, spec }))).toMatchObject({
      code: 5,
    });
    for (const wrong of [{}, { taskId }, { taskId: { ...taskId, version: '' }, spec }]) {
      expect(await failure(clients.tasks.deployTask(wrong))).toMatchObject({ code: 3 });
    }
    expect(await clients.cluster.selectCluster({})).toMatchObject({ clusterEndpoint: plane.url });
  });

  it('are listed by whether they are marked for people to start, and by who deployed them', async () => {
    const spec = shellTask('finish');
    const marked = shellTask('finish', [], { metadata: create(TaskMetadataSchema, { isEntrypoint: true }) });
    const taskId = { project: PROJECT, domain: DOMAIN, version: 'a' };
    await clients.tasks.deployTask({ taskId: { ...taskId, name: 'marked.inner' }, spec });
    await clients.tasks.deployTask({ taskId: { ...taskId, name: 'marked.outer' }, spec: marked });
    const names = async (...filters: ListTasksRequest_KnownFilter['filterBy'][]): Promise<string[]> => {
      const { tasks } = await clients.tasks.listTasks({ knownFilters: filters.map((filterBy) => ({ filterBy })) });
      return tasks.map((one) => one.taskId?.name ?? '').filter((name) => name.startsWith('marked.'));
    };
    expect(await names({ case: 'isEntrypoint', value: true })).toEqual(['marked.outer']);
    expect(await names({ case: 'isEntrypoint', value: false })).toEqual(['marked.inner']);
    expect(await names({ case: 'deployedBy', value: 'bob' })).toEqual([]);
    const both = await names({ case: 'deployedBy', value: 'alice' }, { case: 'isEntrypoint', value: true });
    expect(both).toEqual(['marked.outer']);
  });
});
