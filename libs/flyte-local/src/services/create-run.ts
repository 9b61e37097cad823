import { randomBytes } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { timestampNow } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type ContextValues } from '@connectrpc/connect';
import { ActionIdentifierSchema, RunIdentifierSchema, type RunIdentifier } from 'nestjs-flyte/idl/common/identifier';
import { InputsSchema } from 'nestjs-flyte/idl/task/common';
import { RunSpecSchema, type RunSpec } from 'nestjs-flyte/idl/task/run';
import { TaskIdentifierSchema, type TaskIdentifier, type TaskSpec } from 'nestjs-flyte/idl/task/task_definition';
import type { CreateRunRequest } from 'nestjs-flyte/idl/workflow/run_service';
import type { ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { ROOT_ACTION } from 'nestjs-flyte/protocol';
import { requireCaller, requireProject } from '../calls/caller-context.js';
import { requireRunName, rootActionOf } from '../runs/action-id.js';
import { identityOf, newTask } from '../runs/new-action.js';
import type { PlaneContext } from './plane-service.js';
import { requireExistingProject } from './project-check.js';
import { inputsOf, triggerOf, withKickoffTime } from './run-inputs.js';
import { requireTaskModule } from './task-module.js';
import { requireTaskSecrets } from './task-secrets.js';
import { requireTaskId, taskNotFound } from './task-service.js';

/**
 * Creates a run and queues it. A run of this name that exists is answered as it is, so that a client may repeat a request
 * whose answer got lost.
 *
 * @param due the time that a trigger fires for, in milliseconds
 * @throws ConnectError as CreateRun of Flyte's open-source backend
 */
export function createRun(
  context: PlaneContext,
  request: CreateRunRequest,
  values: ContextValues,
  due?: number,
): ActionDetails {
  const { engine, database, workingDirectory } = context;
  const id = runIdOf(request);
  const key = rootActionOf(id);
  requireRunName(id.name);
  requireExistingProject(values, database, id.project);
  const existing = engine.actions.get(key);
  if (existing !== undefined) return existing;

  const trigger = triggerOf(context, request, values);
  const { taskId, spec } = taskOf(engine, trigger?.task ?? request.task, values);
  // A deployed one was looked at when it was deployed.
  if (request.task.case === 'taskSpec') {
    requireTaskModule(spec, workingDirectory);
    requireTaskSecrets(spec);
  }
  const runSpec = request.runSpec ?? trigger?.details.spec?.runSpec ?? create(RunSpecSchema);
  requireNoRecovery(runSpec);
  runSpec.runStartTime ??= request.runStartTime ?? timestampNow();
  const given = inputsOf(engine, request.inputWrapper, trigger, id, spec.defaultInputs);
  const inputs = withKickoffTime(given, trigger, runSpec.runStartTime);
  const details = newTask({
    ...{ id: create(ActionIdentifierSchema, { run: id, name: ROOT_ACTION }), taskId, spec },
    ...{ executedBy: identityOf(requireCaller(values)), source: request.source, trigger: trigger?.details },
  });
  // Before the record: a run that is stored can be started, by the next plane too.
  engine.data.writeInputs(engine.data.inputsFolder(key), toBinary(InputsSchema, inputs));
  // With the run, so that a plane that is killed between the two neither forgets the time nor fires it again.
  const fired = trigger && ((): void => context.triggers.store.fired(trigger.key, due));
  if (engine.actions.create(details, runSpec, fired)) engine.executor.submit(key, details);
  return details;
}

/** `RELATION_TYPE_RECOVER` of Flyte's interface. */
const RECOVER = 2;

/** Whoever has a run recovered counts on what it did not being done again; Flyte's open-source backend would do all of it. */
function requireNoRecovery({ relation }: RunSpec): void {
  if (relation?.relationType !== RECOVER) return;
  throw new ConnectError(
    `The local control plane recovers no run, as Flyte's open-source backend: all of ${relation.relatedTo?.name} would run again. Make a new run of it: of tasks with a cache, what succeeded is not run again.`,
    Code.Unimplemented,
  );
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
  task: CreateRunRequest['task'],
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
    default:
      throw invalid('The request has neither a task id nor a task spec nor a trigger.');
  }
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}
