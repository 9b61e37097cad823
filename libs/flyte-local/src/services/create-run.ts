import { randomBytes } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, type ContextValues } from '@connectrpc/connect';
import { ActionIdentifierSchema, RunIdentifierSchema, type RunIdentifier } from 'nestjs-flyte/idl/common/identifier';
import type { OffloadedInputData } from 'nestjs-flyte/idl/common/run';
import { InputsSchema, NamedLiteralSchema, type Inputs, type NamedParameter } from 'nestjs-flyte/idl/task/common';
import { RunSpecSchema } from 'nestjs-flyte/idl/task/run';
import { TaskIdentifierSchema, type TaskIdentifier, type TaskSpec } from 'nestjs-flyte/idl/task/task_definition';
import type { CreateRunRequest } from 'nestjs-flyte/idl/workflow/run_service';
import type { ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { ROOT_ACTION } from 'nestjs-flyte/protocol';
import { requireCaller, requireProject } from '../calls/caller-context.js';
import { requireRunName, rootActionOf } from '../runs/action-id.js';
import { identityOf, newTask } from '../runs/new-action.js';
import type { PlaneContext } from './plane-service.js';
import { requireExistingProject } from './project-check.js';
import { requireTaskModule } from './task-module.js';
import { requireTaskSecrets } from './task-secrets.js';
import { requireTaskId, taskNotFound } from './task-service.js';

/**
 * Creates a run and queues it. A run of this name that exists is answered as it is, so that a client may repeat a request
 * whose answer got lost.
 *
 * @throws ConnectError as CreateRun of Flyte's open-source backend
 */
export function createRun(
  { engine, database, workingDirectory }: PlaneContext,
  request: CreateRunRequest,
  values: ContextValues,
): ActionDetails {
  const id = runIdOf(request);
  const key = rootActionOf(id);
  requireRunName(id.name);
  requireExistingProject(values, database, id.project);
  const existing = engine.actions.get(key);
  if (existing !== undefined) return existing;

  const { taskId, spec } = taskOf(engine, request, values);
  // A deployed one was looked at when it was deployed.
  if (request.task.case === 'taskSpec') {
    requireTaskModule(spec, workingDirectory);
    requireTaskSecrets(spec);
  }
  const runSpec = request.runSpec ?? create(RunSpecSchema);
  const inputs = inputsOf(engine, request, id, spec);
  const details = newTask({
    ...{ id: create(ActionIdentifierSchema, { run: id, name: ROOT_ACTION }), taskId, spec },
    ...{ executedBy: identityOf(requireCaller(values)), source: request.source },
  });
  // Before the record: a run that is stored can be started, by the next plane too.
  engine.data.writeInputs(engine.data.inputsFolder(key), toBinary(InputsSchema, inputs));
  if (engine.actions.create(details, runSpec)) engine.executor.submit(key, details);
  return details;
}

function runIdOf({ id }: CreateRunRequest): RunIdentifier {
  switch (id.case) {
    case 'runId':
      return id.value;
    case 'projectId': {
      const { organization: org, domain, name: project } = id.value;
      return create(RunIdentifierSchema, {
        org,
        project,
        domain,
        name: `r${randomBytes(10).toString('hex').slice(0, 19)}`,
      });
    }
    default:
      throw invalid('The request has neither a run id nor a project id.');
  }
}

type Engine = PlaneContext['engine'];

function taskOf(
  engine: Engine,
  { task }: CreateRunRequest,
  values: ContextValues,
): { readonly taskId: TaskIdentifier; readonly spec: TaskSpec } {
  switch (task.case) {
    case 'taskId': {
      const taskId = requireTaskId(task.value);
      // A task may be of another project than its run, and the caller must be allowed to touch both.
      requireProject(values, taskId.project);
      const spec = engine.tasks.get(taskId)?.spec;
      if (spec === undefined) throw taskNotFound(taskId);
      return { taskId, spec };
    }
    case 'taskSpec': {
      const { id } = task.value.taskTemplate ?? {};
      if (task.value.taskTemplate === undefined) throw invalid('The request has a task spec without a template.');
      const { org = '', project = '', domain = '', name = '', version = '' } = id ?? {};
      return { taskId: create(TaskIdentifierSchema, { org, project, domain, name, version }), spec: task.value };
    }
    case 'triggerName':
      throw new ConnectError('The local control plane has no triggers.', Code.Unimplemented);
    default:
      throw invalid('The request has neither a task id nor a task spec.');
  }
}

function inputsOf(engine: Engine, { inputWrapper }: CreateRunRequest, run: RunIdentifier, spec: TaskSpec): Inputs {
  if (inputWrapper.case === 'offloadedInputData') return uploadedInputs(engine, inputWrapper.value, run);
  const inputs = inputWrapper.value ?? create(InputsSchema);
  return withDefaults(inputs, spec.defaultInputs);
}

/** Only what UploadInputs made for this project and domain: a URI from a client could name any file of this machine. */
function uploadedInputs({ data }: Engine, { uri }: OffloadedInputData, { project, domain }: RunIdentifier): Inputs {
  // Not by the hash, which Python's SDK replaces by one of what files hold.
  const folder = data.uploadAt(project, domain, uri);
  const inputs = folder === undefined ? undefined : data.readInputs(folder);
  if (inputs !== undefined) return inputs;
  throw invalid('The offloaded inputs are none that UploadInputs stored for this project and domain.');
}

function withDefaults(inputs: Inputs, parameters: readonly NamedParameter[]): Inputs {
  const given = new Set(inputs.literals.map(({ name }) => name));
  const defaults = parameters.flatMap(({ name, parameter }) =>
    parameter?.behavior.case === 'default' && !given.has(name)
      ? [create(NamedLiteralSchema, { name, value: parameter.behavior.value })]
      : [],
  );
  return create(InputsSchema, { ...inputs, literals: [...inputs.literals, ...defaults] });
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}
