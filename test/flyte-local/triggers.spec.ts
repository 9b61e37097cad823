import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type MessageInitShape } from '@bufbuild/protobuf';
import { timestampDate, timestampFromDate } from '@bufbuild/protobuf/wkt';
import { Code, createClient, type Client } from '@connectrpc/connect';
import type { EnrichedIdentity } from 'nestjs-flyte/idl/common/identity';
import { Filter_Function } from 'nestjs-flyte/idl/common/list';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { FixedRateUnit, TriggerAutomationSpecType } from 'nestjs-flyte/idl/task/common';
import type { TaskSpec, TaskTriggerSchema } from 'nestjs-flyte/idl/task/task_definition';
import { TriggerRevisionAction } from 'nestjs-flyte/idl/trigger/trigger_definition';
import { TriggerService } from 'nestjs-flyte/idl/trigger/trigger_service';
import { RunSource, type Run } from 'nestjs-flyte/idl/workflow/run_definition';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  DOMAIN,
  executionClients,
  finished,
  logOf,
  messageOf,
  PROJECT,
  script,
  shellTask,
  type ExecutionClients,
} from './execution-support.js';
import { ManualClock } from '../support/manual-clock.js';
import { bearer, failure, temporaryFolder, transportOf } from './support.js';

type Clients = ExecutionClients & { readonly triggers: Client<typeof TriggerService> };
type TriggerInit = Exclude<MessageInitShape<typeof TaskTriggerSchema>, { $typeName: string }>;

const TASK = { project: PROJECT, domain: DOMAIN, name: 'test.task' };

async function planeWith(clock: ManualClock, state = ':memory:') {
  const warnings: string[] = [];
  const plane = await startLocalControlPlane({ port: 0, state, clock, onWarning: (text) => warnings.push(text) });
  onTestFinished(() => plane.close());
  return { plane, clients: await clientsOf(plane), warnings };
}

async function clientsOf(plane: LocalControlPlane, subject = 'alice', projects?: string[]): Promise<Clients> {
  const token = await plane.token(subject, projects === undefined ? {} : { projects });
  const transport = transportOf(['connect', '2'], plane.url, [bearer(token)]);
  return { ...executionClients(plane.url, token), triggers: createClient(TriggerService, transport) };
}

function cronTrigger(name: string, expression: string, timezone = '', more: TriggerInit['spec'] = {}): TriggerInit {
  return {
    name,
    spec: { active: true, ...more },
    automationSpec: {
      type: TriggerAutomationSpecType.TYPE_SCHEDULE,
      automation: { case: 'schedule', value: { expression: { case: 'cron', value: { expression, timezone } } } },
    },
  };
}

function rateTrigger(name: string, value: number, unit: FixedRateUnit, startTime?: string): TriggerInit {
  const start = startTime === undefined ? undefined : timestampFromDate(new Date(startTime));
  return {
    name,
    spec: { active: true },
    automationSpec: {
      type: TriggerAutomationSpecType.TYPE_SCHEDULE,
      automation: {
        case: 'schedule',
        value: { expression: { case: 'rate', value: { value, unit, startTime: start } } },
      },
    },
  };
}

const QUICK = (): TaskSpec => shellTask('finish');

async function deploy({ tasks }: Clients, triggers: TriggerInit[], version = 'v1', spec = QUICK()): Promise<void> {
  await tasks.deployTask({ taskId: { ...TASK, version }, spec, triggers });
}

const nameOf = (name: string) => ({ org: '', project: PROJECT, domain: DOMAIN, taskName: TASK.name, name });

function textInput(name: string, value: string) {
  const text = { case: 'primitive' as const, value: { value: { case: 'stringValue' as const, value } } };
  return { name, value: { value: { case: 'scalar' as const, value: { value: text } } } };
}

/** The same trigger, which gives the time that is due as the input `due`. */
function withKickoff(trigger: TriggerInit): TriggerInit {
  const schedule = trigger.automationSpec?.automation;
  if (schedule?.case !== 'schedule') throw new Error('a trigger without a schedule');
  const value = { ...schedule.value, kickoffTimeInputArg: 'due' } as typeof schedule.value;
  return { ...trigger, automationSpec: { type: 2, automation: { case: 'schedule', value } } };
}

function subjectOf(identity: EnrichedIdentity | undefined): string | undefined {
  return identity?.principal.case === 'user' ? identity.principal.value.id?.subject : undefined;
}

/** The runs of a trigger, the oldest first. */
async function runsOf({ runs }: Clients, name: string): Promise<Run[]> {
  const { runs: found } = await runs.listRuns({
    scopeBy: { case: 'triggerName', value: nameOf(name) },
    request: { limit: 200, sortBy: { key: 'created_at', direction: 1 } },
  });
  return found;
}

/** What the runs of a trigger were due for. */
async function duesOf(clients: Clients, name: string): Promise<string[]> {
  const found = await runsOf(clients, name);
  const details = await Promise.all(found.map(({ action }) => clients.runs.getRunDetails({ runId: action?.id?.run })));
  return details.map(({ details: one }) => {
    const due = one?.runSpec?.runStartTime;
    return due === undefined ? '' : timestampDate(due).toISOString().replace(':00.000Z', 'Z');
  });
}

describe('triggers of the local control plane', () => {
  it('fire with the task that they were deployed with, in the name of who deployed it', async () => {
    const clock = new ManualClock('2026-03-28T12:00:30Z');
    const { clients, warnings } = await planeWith(clock);
    await deploy(clients, [cronTrigger('half-past', '30 * * * *')]);
    clock.passUntil('2026-03-28T12:29:59Z');
    expect(await runsOf(clients, 'half-past')).toEqual([]);
    clock.passUntil('2026-03-28T14:00:00Z');
    expect(await duesOf(clients, 'half-past')).toEqual(['2026-03-28T12:30Z', '2026-03-28T13:30Z']);
    const [run] = await runsOf(clients, 'half-past');
    const { metadata, id } = run?.action ?? {};
    expect(metadata).toMatchObject({
      source: RunSource.SCHEDULE_TRIGGER,
      triggerName: 'half-past',
      triggerId: { name: nameOf('half-past'), revision: 1n },
      triggerType: { type: TriggerAutomationSpecType.TYPE_SCHEDULE },
      executedBy: { principal: { value: { id: { subject: 'alice' } } } },
    });
    expect(id?.run?.name).toMatch(/^r[0-9a-f]{1,16}$/);
    if (id?.run === undefined) throw new Error('a run without an id');
    const ended = await finished(clients, id.run);
    expect([messageOf(ended), ended.status?.phase]).toEqual(['', ActionPhase.SUCCEEDED]);
    const { trigger } = await clients.triggers.getTriggerDetails({ name: nameOf('half-past') });
    expect(trigger?.status?.triggeredAt && timestampDate(trigger.status.triggeredAt).toISOString()).toBe(
      '2026-03-28T13:30:00.000Z',
    );
    expect(warnings.filter((text) => text.includes('trigger'))).toEqual([]);
  });

  it('follow the clock on the wall through both of its changes, as upstream', async () => {
    const clock = new ManualClock('2026-03-27T12:00:00Z');
    const { clients } = await planeWith(clock);
    await deploy(clients, [cronTrigger('night', '30 2 * * *', 'Europe/Zurich')]);
    clock.passUntil('2026-03-31T00:00:00Z');
    // On the 29th there is no half past two.
    expect(await duesOf(clients, 'night')).toEqual(['2026-03-28T01:30Z', '2026-03-30T00:30Z']);
    clock.jumpTo('2026-10-24T12:00:00Z');
    clock.passUntil('2026-10-26T12:00:00Z');
    // On the 25th there are two.
    expect((await duesOf(clients, 'night')).slice(-3)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T01:30Z',
      '2026-10-26T01:30Z',
    ]);
  });

  it('fire at a fixed rate, from their start or from when they were deployed', async () => {
    const clock = new ManualClock('2026-01-01T00:00:10Z');
    const { clients } = await planeWith(clock);
    const { HOUR, DAY, MINUTE } = FixedRateUnit;
    await deploy(clients, [
      rateTrigger('hourly', 1, HOUR),
      rateTrigger('later', 20, MINUTE, '2026-01-01T02:00:00Z'),
      rateTrigger('earlier', 1, DAY, '2025-12-31T01:00:00Z'),
    ]);
    clock.passUntil('2026-01-01T02:45:00Z');
    expect(await duesOf(clients, 'hourly')).toEqual(['2026-01-01T01:00:10.000Z', '2026-01-01T02:00:10.000Z']);
    expect(await duesOf(clients, 'later')).toEqual(['2026-01-01T02:00Z', '2026-01-01T02:20Z', '2026-01-01T02:40Z']);
    expect(await duesOf(clients, 'earlier')).toEqual(['2026-01-01T01:00Z']);
  });

  it('leave out what came up while the machine slept, but for the first', async () => {
    const clock = new ManualClock('2026-01-01T00:00:00Z');
    const { clients } = await planeWith(clock);
    await deploy(clients, [cronTrigger('hourly', '0 * * * *')]);
    clock.jumpTo('2026-01-01T05:30:00Z');
    clock.passUntil('2026-01-01T06:30:00Z');
    expect(await duesOf(clients, 'hourly')).toEqual(['2026-01-01T01:00Z', '2026-01-01T06:00Z']);
  });

  it('fire for a time that came up, also where they are deployed again before the plane woke', async () => {
    const clock = new ManualClock('2026-01-01T00:00:00Z');
    const { clients } = await planeWith(clock);
    await deploy(clients, [cronTrigger('hourly', '0 * * * *'), cronTrigger('off', '0 * * * *')]);
    clock.oversleep('2026-01-01T01:00:05Z');
    await deploy(clients, [
      cronTrigger('hourly', '30 * * * *'),
      cronTrigger('off', '0 * * * *', '', { active: false }),
    ]);
    clock.passUntil('2026-01-01T02:00:00Z');
    expect(await duesOf(clients, 'hourly')).toEqual(['2026-01-01T01:00Z', '2026-01-01T01:30Z']);
    expect(await duesOf(clients, 'off')).toEqual([]);
  });

  it('make up after a restart for what was missed, each time once', async () => {
    const clock = new ManualClock('2026-01-01T00:00:00Z');
    const state = temporaryFolder();
    const before = await planeWith(clock, state);
    await deploy(before.clients, [
      cronTrigger('hourly', '0 * * * *'),
      cronTrigger('paused', '0 * * * *'),
      rateTrigger('rate', 90, FixedRateUnit.MINUTE),
    ]);
    await before.clients.triggers.updateTriggers({ names: [nameOf('paused')], active: false });
    clock.passUntil('2026-01-01T01:59:00Z');
    await before.plane.close();
    clock.jumpTo('2026-01-01T04:30:00Z');
    const { clients, plane } = await planeWith(clock, state);
    const made = ['2026-01-01T01:00Z', '2026-01-01T02:00Z', '2026-01-01T03:00Z', '2026-01-01T04:00Z'];
    expect(await duesOf(clients, 'hourly')).toEqual(made);
    expect(await duesOf(clients, 'rate')).toEqual(['2026-01-01T01:30Z', '2026-01-01T03:00Z', '2026-01-01T04:30Z']);
    await plane.close();
    const { clients: after } = await planeWith(clock, state);
    expect(await duesOf(after, 'hourly')).toEqual(made);
    await after.triggers.updateTriggers({ names: [nameOf('paused')], active: true });
    clock.passUntil('2026-01-01T05:00:00Z');
    // What was due while it was off is nobody's.
    expect(await duesOf(after, 'paused')).toEqual(['2026-01-01T05:00Z']);
  });

  it('fire each time once, though the plane is killed while it stores that it did', async () => {
    const clock = new ManualClock('2026-01-01T00:00:00Z');
    const state = temporaryFolder();
    const before = await planeWith(clock, state);
    await deploy(before.clients, [cronTrigger('minutely', '* * * * *')], 'v1', shellTask('exit 1'));
    await before.plane.close();
    const body = `
      const { startLocalControlPlane } = await load('nestjs-flyte-local');
      let asked = 0;
      const now = () => {
        // Asked inside the transaction of each run, too.
        if (++asked === 20) process.kill(process.pid, 'SIGKILL');
        return Date.parse('2026-01-01T01:00:30Z');
      };
      await startLocalControlPlane({ port: 0, state: ${JSON.stringify(state)}, clock: { now, wakeAt: () => () => {} } });`;
    const killed = spawn(process.execPath, [script(temporaryFolder(), 'killed', body)], { stdio: 'inherit' });
    expect(await once(killed, 'exit')).toEqual([null, 'SIGKILL']);
    // By a clock that nothing is due by.
    const between = await planeWith(clock, state);
    const made = await duesOf(between.clients, 'minutely');
    expect(made.length).toBeGreaterThan(5);
    expect(made.length).toBeLessThan(25);
    await between.plane.close();
    clock.jumpTo('2026-01-01T01:00:30Z');
    const { clients } = await planeWith(clock, state);
    const minutes = Array.from({ length: 60 }, (_, index) => Date.parse('2026-01-01T00:01Z') + index * 60_000);
    expect(await duesOf(clients, 'minutely')).toEqual(
      minutes.map((at) => `${new Date(at).toISOString().slice(0, 16)}Z`),
    );
  });

  it('make up for a hundred times at a start, and say what is left out', async () => {
    const clock = new ManualClock('2026-01-01T00:00:00Z');
    const state = temporaryFolder();
    const before = await planeWith(clock, state);
    await deploy(before.clients, [cronTrigger('minutely', '* * * * *')], 'v1', shellTask('exit 1'));
    await before.plane.close();
    clock.jumpTo('2026-01-01T03:00:30Z');
    const first = await planeWith(clock, state);
    const dues = await duesOf(first.clients, 'minutely');
    expect([dues.length, dues[0], dues.at(-1)]).toEqual([100, '2026-01-01T00:01Z', '2026-01-01T01:40Z']);
    expect(first.warnings.join()).toMatch(
      /"minutely" of the task "test.task" missed more runs .* from 2026-01-01T01:41:00.000Z on/,
    );
    await first.plane.close();
    const second = await planeWith(clock, state);
    expect(await duesOf(second.clients, 'minutely')).toHaveLength(100);
  });

  it('do not fire for times before they had their schedule', async () => {
    const clock = new ManualClock('2026-01-01T00:00:00Z');
    const state = temporaryFolder();
    const before = await planeWith(clock, state);
    await deploy(before.clients, [cronTrigger('changing', '0 0 1 * *')]);
    clock.passUntil('2026-01-10T00:00:00Z');
    await deploy(before.clients, [cronTrigger('changing', '0 0 * * *')], 'v2');
    await before.plane.close();
    const { clients } = await planeWith(clock, state);
    expect(await duesOf(clients, 'changing')).toEqual([]);
  });

  it('give their runs what they were deployed with: inputs, variables, and the time that was due', async () => {
    const clock = new ManualClock('2026-01-01T00:00:00Z');
    const { clients } = await planeWith(clock);
    const inputs = { literals: [textInput('city', 'Bern')] };
    const { offloadedInputData } = await clients.data.uploadInputs({
      id: { case: 'projectId', value: { name: PROJECT, domain: DOMAIN } },
      inputs,
    });
    const runSpec = { envs: { values: [{ key: 'COLOUR', value: 'blue' }] } };
    await deploy(
      clients,
      [
        withKickoff(cronTrigger('stored', '0 1 * * *', '', { offloadedInputData, runSpec })),
        withKickoff(cronTrigger('inline', '0 1 * * *', '', { inputs })),
      ],
      'v1',
      shellTask('echo "$COLOUR at {{.runStartTime}}"; finish'),
    );
    clock.passUntil('2026-01-01T01:00:00Z');
    for (const name of ['stored', 'inline']) {
      const [run] = await runsOf(clients, name);
      const data = await clients.data.getActionData({ actionId: run?.action?.id });
      expect(data.inputs?.literals.map((literal) => literal.name)).toEqual(['city', 'due']);
    }
    const id = (await runsOf(clients, 'stored'))[0]?.action?.id?.run;
    if (id === undefined) throw new Error('a run without an id');
    await finished(clients, id);
    expect(await logOf(clients, id)).toEqual(['blue at 2026-01-01T01:00:00Z']);
  });

  it('are run by hand, by their name', async () => {
    const clock = new ManualClock('2026-01-01T00:00:00Z');
    const { clients, plane } = await planeWith(clock);
    await deploy(clients, [cronTrigger('yearly', '@yearly')]);
    const task = { case: 'triggerName' as const, value: nameOf('yearly') };
    const id = { case: 'runId' as const, value: { project: PROJECT, domain: DOMAIN, name: 'by-hand' } };
    const bob = await clientsOf(plane, 'bob');
    const { run } = await bob.runs.createRun({ id, task, source: RunSource.CLI });
    expect(run?.action?.metadata).toMatchObject({
      ...{ triggerName: 'yearly', source: RunSource.CLI },
      executedBy: { principal: { value: { id: { subject: 'bob' } } } },
    });
    expect(
      (
        await failure(
          clients.runs.createRun({
            id: { case: 'runId', value: { ...id.value, name: 'other' } },
            task: { case: 'triggerName', value: nameOf('none') },
          }),
        )
      ).code,
    ).toBe(Code.NotFound);
  });

  it('are kept with all of their revisions, which an older one does not overwrite', async () => {
    const clock = new ManualClock('2026-01-01T00:00:00Z');
    const { clients, plane } = await planeWith(clock);
    const { triggers } = clients;
    await deploy(clients, [cronTrigger('one', '0 1 * * *'), cronTrigger('two', '0 2 * * *')]);
    const bob = await clientsOf(plane, 'bob');
    await bob.triggers.updateTriggers({ names: [nameOf('one'), nameOf('none')], active: false });
    await bob.triggers.updateTriggers({ names: [nameOf('one')], active: false });
    await triggers.updateTriggers({ names: [nameOf('one')], active: true });
    await deploy(clients, [cronTrigger('two', '0 3 * * *')], 'v2');
    const { DEPLOY, DEACTIVATE, ACTIVATE, DELETE } = TriggerRevisionAction;
    const { triggers: history } = await triggers.getTriggerRevisionHistory({ name: nameOf('one') });
    expect(history.map(({ id, action, metadata }) => [id?.revision, action, subjectOf(metadata?.updatedBy)])).toEqual([
      [4n, DELETE, 'alice'],
      [3n, ACTIVATE, 'alice'],
      [2n, DEACTIVATE, 'bob'],
      [1n, DEPLOY, 'alice'],
    ]);
    const second = await triggers.getTriggerRevisionDetails({ id: { name: nameOf('one'), revision: 2n } });
    expect(second.trigger?.spec).toMatchObject({ active: false, taskVersion: 'v1' });
    const missing = triggers.getTriggerRevisionDetails({ id: { name: nameOf('one'), revision: 9n } });
    expect((await failure(missing)).code).toBe(Code.NotFound);
    expect((await failure(triggers.getTriggerDetails({ name: nameOf('one') }))).code).toBe(Code.NotFound);

    const { spec, automationSpec } = cronTrigger('two', '0 4 * * *');
    const again = { name: nameOf('two'), spec: { active: spec?.active ?? false, taskVersion: 'v2' }, automationSpec };
    expect((await failure(triggers.deployTrigger({ ...again, revision: 1n }))).code).toBe(Code.Aborted);
    const { trigger } = await triggers.deployTrigger({ ...again, revision: 2n });
    expect(trigger?.id?.revision).toBe(3n);
    // A task that is deployed without any keeps what it has.
    await deploy(clients, [], 'v3');
    expect((await triggers.getTriggerDetails({ name: nameOf('two') })).trigger?.spec?.taskVersion).toBe('v2');
    await triggers.deleteTriggers({ names: [nameOf('two'), nameOf('none')] });
    expect((await triggers.listTriggers({})).triggers).toEqual([]);
    await deploy(clients, [cronTrigger('two', '0 2 * * *')], 'v4');
    expect((await triggers.getTriggerDetails({ name: nameOf('two') })).trigger?.id?.revision).toBe(5n);
  });

  it('are listed page by page, filtered and sorted, and counted with their tasks', async () => {
    const clock = new ManualClock('2026-01-01T00:00:00Z');
    const { clients, plane } = await planeWith(clock);
    const { triggers, tasks, runs } = clients;
    await deploy(clients, [
      cronTrigger('b', '0 1 * * *', '', { active: true }),
      cronTrigger('a', '0 2 * * *', '', { active: false }),
      { name: 'none', spec: { active: true } },
    ]);
    const names = async (request: Parameters<typeof triggers.listTriggers>[0]): Promise<string[]> =>
      (await triggers.listTriggers(request)).triggers.map(({ id }) => id?.name?.name ?? '');
    expect(await names({})).toEqual(['none', 'b', 'a']);
    expect(await names({ request: { sortBy: { key: 'name', direction: 1 } } })).toEqual(['a', 'b', 'none']);
    const filter = (field: string, value: string) => ({
      request: { filters: [{ function: Filter_Function.EQUAL, field, values: [value] }] },
    });
    expect(await names(filter('active', 'false'))).toEqual(['a']);
    expect(await names(filter('automation_type', 'TYPE_NONE'))).toEqual(['none']);
    expect(await names({ scopeBy: { case: 'taskName', value: TASK } })).toHaveLength(3);
    expect(await names({ scopeBy: { case: 'taskId', value: { ...TASK, version: 'v2' } } })).toEqual([]);
    const first = await triggers.listTriggers({ request: { limit: 2 } });
    expect(await names({ request: { limit: 2, token: first.token } })).toEqual(['a']);
    expect((await failure(triggers.listTriggers(filter('spec', 'x')))).code).toBe(Code.InvalidArgument);

    const stranger = await clientsOf(plane, 'eve', ['other']);
    expect((await stranger.triggers.listTriggers({})).triggers).toEqual([]);
    for (const call of [
      stranger.triggers.getTriggerDetails({ name: nameOf('a') }),
      stranger.triggers.updateTriggers({ names: [nameOf('a')], active: true }),
      stranger.triggers.deleteTriggers({ names: [nameOf('a')] }),
      stranger.runs.listRuns({ scopeBy: { case: 'triggerName', value: nameOf('a') } }),
    ])
      expect((await failure(call)).code).toBe(Code.PermissionDenied);

    const { details } = await tasks.getTaskDetails({ taskId: { ...TASK, version: 'v1' } });
    expect(details?.metadata?.triggersSummary?.summary).toMatchObject({
      case: 'stats',
      value: { total: 3, active: 2 },
    });
    const ofTasks = await tasks.listTasks({
      request: { filters: [{ function: Filter_Function.EQUAL, field: 'total_triggers', values: ['3'] }] },
    });
    expect(ofTasks.tasks).toHaveLength(1);
    clock.passUntil('2026-01-01T01:00:00Z');
    const { runs: made } = await runs.listRuns({
      request: { filters: [{ function: Filter_Function.EQUAL, field: 'trigger_name', values: ['b'] }] },
    });
    expect(made).toHaveLength(1);
  });

  it.each([
    [
      '0 0 * * 7',
      '',
      Code.InvalidArgument,
      /"wrong" has a wrong schedule: it has the expression "0 0 \* \* 7", whose day of the week is "7"; it takes 0 to 6/,
    ],
    ['0 0 * *', '', Code.InvalidArgument, /of 4 fields/],
    ['0 0 * * *', 'Nowhere/Land', Code.InvalidArgument, /the time zone "Nowhere\/Land" is unknown/],
  ])('are refused with the schedule %j of %j, and their task with them', async (expression, zone, code, message) => {
    const { clients } = await planeWith(new ManualClock('2026-01-01T00:00:00Z'));
    const error = await failure(
      deploy(clients, [cronTrigger('right', '0 0 * * *'), cronTrigger('wrong', expression, zone)]),
    );
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect((await clients.triggers.listTriggers({})).triggers).toEqual([]);
    expect((await clients.tasks.listTasks({})).tasks).toEqual([]);
  });

  it('that never fire are taken, and wake nobody; those of artifacts are refused by name', async () => {
    const clock = new ManualClock('2026-01-01T00:00:00Z');
    const { clients } = await planeWith(clock);
    await deploy(clients, [cronTrigger('never', '0 0 31 2 *'), { name: 'by-hand', spec: { active: true } }]);
    expect(clock.next).toBeUndefined();
    await deploy(clients, [cronTrigger('leap', '0 0 29 2 *', 'Europe/Zurich')]);
    expect(clock.next).toBe('2028-02-28T23:00:00.000Z');
    const artifact = { name: 'a', spec: { active: true }, automationSpec: { type: 3 } };
    const error = await failure(deploy(clients, [artifact]));
    expect([error.code, error.message]).toEqual([Code.Unimplemented, expect.stringContaining('no artifacts')]);
  });

  it('whose run can not be made are told of, and keep nobody from the others', async () => {
    const clock = new ManualClock('2026-01-01T00:00:00Z');
    const { clients, warnings } = await planeWith(clock);
    await deploy(clients, [cronTrigger('good', '0 1 * * *')]);
    const { spec, automationSpec } = cronTrigger('lost', '0 1 * * *');
    const lost = { name: nameOf('lost'), spec: { active: spec?.active ?? false, taskVersion: 'v9' }, automationSpec };
    await clients.triggers.deployTrigger(lost);
    clock.passUntil('2026-01-01T01:00:00Z');
    expect(await runsOf(clients, 'good')).toHaveLength(1);
    expect(warnings.join()).toMatch(
      /"lost" .* could not run for 2026-01-01T01:00:00.000Z: .*no task "test.task" in version "v9"/,
    );
  });
});
