import { create } from '@bufbuild/protobuf';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { InputsSchema } from 'nestjs-flyte/idl/task/common';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  clientsFor,
  DOMAIN,
  finished,
  logOf,
  messageOf,
  PROJECT,
  script,
  taskOf,
  type ExecutionClients,
} from './execution-support.js';
import { temporaryFolder } from './support.js';

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
