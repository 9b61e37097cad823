import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create, toBinary } from '@bufbuild/protobuf';
import { Code, createClient } from '@connectrpc/connect';
import { ActionsService } from 'nestjs-flyte/idl/actions/actions_service';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { SimpleType } from 'nestjs-flyte/idl/core/types';
import { OutputsSchema } from 'nestjs-flyte/idl/task/common';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import { SecretService } from 'nestjs-flyte/idl/secret/secret';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  clientsFor,
  DOMAIN,
  firstLine,
  PROJECT,
  shellTask,
  startRun,
  type ExecutionClients,
} from './execution-support.js';
import { bearer, failure, temporaryFolder, transportOf } from './support.js';
import { startPlane } from '../support/plane.js';

let plane: LocalControlPlane;
let clients: ExecutionClients;
beforeAll(async () => {
  plane = await startPlane({ state: temporaryFolder(), maxConcurrentActions: 2, abortGraceMs: 1_000 });
  clients = await clientsFor(plane);
});
afterAll(() => plane.close());

/** A run whose root does nothing, what it is told, and its token, with clients that have it. */
async function parent() {
  const told = shellTask(
    'echo "$_U_RUN_BASE $(printenv FLYTE_LOCAL_TOKEN | rev) $RUN_NAME"; until [ -e "${_U_RUN_BASE#file://}/a0/end" ]; do sleep 0.1; done; exit 1',
  );
  const run = await startRun(clients, told);
  const [base = '', backwards = ''] = (await firstLine(clients, run)).split(' ');
  const token = Array.from(backwards).toReversed().join('');
  const transport = transportOf(['connect', '2'], plane.url, [bearer(token)]);
  return { run, base, token, transport, actions: createClient(ActionsService, transport) };
}

type Parent = Awaited<ReturnType<typeof parent>>;

/** An action as its parent would send it. */
function action({ run, base }: Parent, name: string, change: object = {}) {
  const inputUri = `${base}/${name}/inputs.pb`;
  return {
    ...{ actionId: { run, name }, parentActionName: 'a0', inputUri, runOutputBase: base },
    spec: { case: 'task' as const, value: { spec: shellTask('finish') } },
    ...change,
  };
}

/** Puts empty inputs where the parent would. */
function giveInputs({ base }: Parent, name: string): void {
  const path = fileURLToPath(`${base}/${name}/inputs.pb`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
}

describe('ActionsService', () => {
  let root: Parent;
  beforeAll(async () => {
    root = await parent();
  });
  afterAll(() => clients.runs.abortRun({ runId: root.run }));

  it('takes up what an action calls, once, tells how it ends, and lists it with its run', async () => {
    giveInputs(root, 'child');
    await root.actions.enqueue({ action: action(root, 'child', { group: 'g' }) });
    expect((await failure(root.actions.enqueue({ action: action(root, 'child') }))).code).toBe(Code.AlreadyExists);
    const filter = { case: 'parentActionId' as const, value: { run: root.run, name: 'a0' } };
    // In either order: it may have ended before it is watched.
    const awaited = new Set(['the snapshot is whole', 'the child has succeeded']);
    for await (const { message } of root.actions.watchForUpdates({ filter })) {
      if (message.case === 'controlMessage') awaited.delete('the snapshot is whole');
      if (message.case === 'actionUpdate' && message.value.phase === ActionPhase.SUCCEEDED) {
        expect(message.value.actionId?.name).toBe('child');
        expect(message.value.outputUri).toBe(`${root.base}/child/1/outputs`);
        awaited.delete('the child has succeeded');
      }
      if (awaited.size === 0) break;
    }
    const { actions } = await clients.runs.listActions({ runId: root.run });
    expect(actions.map(({ id, metadata }) => [id?.name, metadata?.parent, metadata?.group])).toEqual(
      expect.arrayContaining([
        ['a0', '', ''],
        ['child', 'a0', 'g'],
      ]),
    );
    const { runs } = await clients.runs.listRuns({ request: { limit: 10 } });
    expect(runs.map(({ action: one }) => one?.id?.name)).not.toContain('child');
  });

  it('gives what a step put out, as of any action', async () => {
    const outputs = create(OutputsSchema, { literals: [{ name: 'o0' }] });
    const path = fileURLToPath(`${root.base}/step/outputs.pb`);
    mkdirSync(dirname(path));
    writeFileSync(path, toBinary(OutputsSchema, outputs));
    const value = { name: 's', phase: ActionPhase.SUCCEEDED, outputs: { outputUri: `${root.base}/step/outputs.pb` } };
    await root.actions.enqueue({ action: action(root, 'step', { spec: { case: 'trace', value } }) });
    const data = await clients.data.getActionData({ actionId: { run: root.run, name: 'step' } });
    expect(data.outputs).toEqual(outputs);
  });

  it.each([
    ['no action', () => undefined],
    ['a parent that is not there', () => action(root, 'x', { parentActionName: 'nobody' })],
    ['a name that is a path', () => action(root, '../x')],
    ['the name of the root’s inputs', () => action(root, 'inputs')],
    ['inputs elsewhere', () => action(root, 'x', { inputUri: 'file:///etc/passwd' })],
    ['an output base elsewhere', () => action(root, 'x', { runOutputBase: 'file:///tmp' })],
    ['no task', () => action(root, 'x', { spec: { case: undefined } })],
    ['a task without a template', () => action(root, 'x', { spec: { case: 'task', value: { spec: {} } } })],
    ['a step that goes on', () => action(root, 'x', { spec: { case: 'trace', value: { name: 's', phase: 4 } } })],
  ])('refuses %s', async (_, given) => {
    const { code, rawMessage } = await failure(root.actions.enqueue({ action: given() as never }));
    expect([Code.InvalidArgument, Code.NotFound]).toContain(code);
    expect(rawMessage.length).toBeGreaterThan(20);
  });

  it('aborts what an action called with it, and takes up no more', async () => {
    const other = await parent();
    giveInputs(other, 'long');
    const long = { case: 'task' as const, value: { spec: shellTask('sleep 600') } };
    await other.actions.enqueue({ action: action(other, 'long', { spec: long }) });
    await clients.runs.abortRun({ runId: other.run });
    const details = async (name: string) =>
      (await clients.runs.getActionDetails({ actionId: { run: other.run, name } })).details;
    await expect.poll(async () => (await details('long'))?.attempts[0]?.phase).toBe(ActionPhase.ABORTED);
    expect((await details('long'))?.status?.phase).toBe(ActionPhase.ABORTED);
    await expect.poll(async () => (await details('a0'))?.attempts[0]?.phase).toBe(ActionPhase.ABORTED);
    const late = await failure(other.actions.enqueue({ action: action(other, 'late') }));
    expect([Code.Aborted, Code.Unauthenticated]).toContain(late.code);
  });
});

describe('what an action called', () => {
  it('is aborted where its caller ends, with its conditions', async () => {
    const other = await parent();
    giveInputs(other, 'long');
    const long = { case: 'task' as const, value: { spec: shellTask('sleep 600') } };
    await other.actions.enqueue({ action: action(other, 'long', { spec: long }) });
    const type = { type: { case: 'simple' as const, value: SimpleType.BOOLEAN } };
    const condition = { case: 'condition' as const, value: { name: 'ok', type } };
    await other.actions.enqueue({ action: action(other, 'question', { spec: condition }) });
    const details = async (name: string) =>
      (await clients.runs.getActionDetails({ actionId: { run: other.run, name } })).details?.attempts[0]?.phase;
    await expect.poll(async () => details('question')).toBe(ActionPhase.PAUSED);
    // As its shell would end, killed by the system.
    writeFileSync(fileURLToPath(`${other.base}/a0/end`), '');
    await expect.poll(async () => details('a0')).toBe(ActionPhase.FAILED);
    await expect
      .poll(async () => [await details('long'), await details('question')])
      .toEqual([ActionPhase.ABORTED, ActionPhase.ABORTED]);
  });

  it('reads nothing of other runs by links that an action makes in the folder of its run', async () => {
    const [mine, theirs] = [await parent(), await parent()];
    symlinkSync(fileURLToPath(`${theirs.base}/inputs`), fileURLToPath(`${mine.base}/evil`));
    const type = { type: { case: 'simple' as const, value: SimpleType.BOOLEAN } };
    const condition = { case: 'condition' as const, value: { name: 'ok', type } };
    await mine.actions.enqueue({ action: action(mine, 'evil', { spec: condition }) });
    const asked = clients.data.getActionData({ actionId: { run: mine.run, name: 'evil' } });
    expect((await failure(asked)).code).toBe(Code.DataLoss);
    await Promise.all([mine, theirs].map(({ run }) => clients.runs.abortRun({ runId: run })));
  });
});

describe('the token of an action', () => {
  it('is good for its run alone, in the name of who made it, and ends with the process', async () => {
    const [mine, theirs] = [await parent(), await parent()];
    const runs = createClient(RunService, mine.transport);
    const details = (run: Parent['run']) => runs.getActionDetails({ actionId: { run, name: 'a0' } });
    expect((await details(mine.run)).details?.id?.run?.name).toBe(mine.run.name);
    for (const refused of [
      () => details(theirs.run),
      () => runs.listRuns({}),
      () => runs.abortRun({ runId: theirs.run }),
      () => runs.createRun({ id: { case: 'runId', value: { project: PROJECT, domain: DOMAIN, name: 'own' } } }),
      () => mine.actions.enqueue({ action: { ...action(theirs, 'x') } }),
      () => createClient(SecretService, mine.transport).listSecrets({}),
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that a failure says which
      expect((await failure(refused())).code).toBe(Code.PermissionDenied);
    }
    await Promise.all([mine, theirs].map(({ run }) => clients.runs.abortRun({ runId: run })));
    await expect.poll(async () => (await failure(details(mine.run))).code).toBe(Code.Unauthenticated);
  });

  it('is in no log: what an action prints of it is hidden', async () => {
    const run = await startRun(clients, shellTask('echo "token: $FLYTE_LOCAL_TOKEN"; finish'));
    const lines: string[] = [];
    for await (const { logs } of clients.data.tailLogs({ actionId: { run, name: 'a0' }, attempt: 1 })) {
      lines.push(...logs.flatMap((one) => one.lines.map(({ message }) => message)));
    }
    expect(lines).toEqual(['token: ***']);
  });
});
