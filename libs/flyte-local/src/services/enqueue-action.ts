import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type ContextValues } from '@connectrpc/connect';
import type { EnqueueRequest } from 'nestjs-flyte/idl/actions/actions_service';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { RunSpecSchema } from 'nestjs-flyte/idl/task/run';
import { TaskIdentifierSchema } from 'nestjs-flyte/idl/task/task_definition';
import { ErrorInfo_Kind, type ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { INPUTS_FILE } from 'nestjs-flyte/protocol';
import { join } from 'node:path';
import { fileUrl, ROOT_INPUTS } from '../execution/attempts/data-folder.js';
import { actionKeyOf, type ActionKey } from '../runs/action-id.js';
import { endAction, endAttempt, errorInfo, isAborted, isOpen, isTerminal, lastAttempt } from '../runs/action-record.js';
import { newCondition, newTask, newTrace, type NewAction } from '../runs/new-action.js';
import type { PlaneContext } from './plane-service.js';
import { requireAction } from './require-action.js';
import { requireTaskModule } from './task-module.js';
import { requireTaskSecrets } from './task-secrets.js';

type Requested = NonNullable<EnqueueRequest['action']>;

/**
 * Takes up what an action calls, or has done. Its inputs are there by then.
 *
 * @throws ConnectError `already_exists` for a name that is taken; `aborted` where the caller was aborted; `invalid_argument`
 */
export function enqueueAction(
  context: PlaneContext,
  { action }: EnqueueRequest,
  values: ContextValues,
): Record<string, never> {
  if (action === undefined) throw invalid('The request has no action.');
  const key = actionKeyOf(action.actionId);
  const name = action.parentActionName ?? '';
  const parent = requireAction(context, { ...key, name }, values);
  requireName(key.name);
  requirePlaces(context, key, action);
  if (isAborted(parent)) throw new ConnectError(`The action ${name} was aborted.`, Code.Aborted);
  if (!isOpen(parent)) throw new ConnectError(`The action ${name} has ended.`, Code.Aborted);
  const { executedBy, source = 0 } = parent.metadata ?? {};
  const { id } = parent;
  if (id === undefined) throw new TypeError('an action without an id');
  const made: NewAction = { id: { ...id, name: key.name }, executedBy, source, parent: name, group: action.group };
  const details = recordOf(context, action, made);
  const { actions, executor } = context.engine;
  const runSpec = action.spec.case === 'task' ? actions.runSpec({ ...key, name }) : create(RunSpecSchema);
  if (!actions.create(details, runSpec) && !replaceStep(context, key, details)) {
    throw new ConnectError(`The action ${key.name} of the run ${key.run} is there already.`, Code.AlreadyExists);
  }
  if (action.spec.case === 'task') executor.submit(key, details);
  if (action.spec.case === 'condition') executor.open(key, details);
  return {};
}

/** A step that failed may be taken anew: what became of it last counts. */
function replaceStep({ engine }: PlaneContext, key: ActionKey, taken: ActionDetails): boolean {
  let isReplaced = false;
  engine.actions.update(key, (record) => {
    const isStep = record.metadata?.spec.case === 'trace' && taken.metadata?.spec.case === 'trace';
    isReplaced = isStep && record.status?.phase === ActionPhase.FAILED;
    if (isReplaced) Object.assign(record, taken);
    return isReplaced;
  });
  return isReplaced;
}

function recordOf({ workingDirectory }: PlaneContext, { spec }: Requested, made: NewAction): ActionDetails {
  switch (spec.case) {
    case 'task': {
      const { id, spec: task } = spec.value;
      if (task?.taskTemplate === undefined) throw invalid('The request has a task without a template.');
      asArguments(() => {
        requireTaskModule(task, workingDirectory);
        requireTaskSecrets(task);
      });
      const { org = '', project = '', domain = '', name = '', version = '' } = id ?? task.taskTemplate.id ?? {};
      return newTask({
        ...made,
        taskId: create(TaskIdentifierSchema, { org, project, domain, name, version }),
        spec: task,
      });
    }
    case 'trace': {
      const { phase, startTime, endTime = timestampFromDate(new Date()), outputs } = spec.value;
      if (!isTerminal(phase)) throw invalid(`A trace has ended, and this one is ${ActionPhase[phase]}.`);
      const details = newTrace(made, spec.value);
      if (details.status !== undefined) details.status.startTime = startTime ?? endTime;
      lastAttempt(details).startTime = startTime ?? endTime;
      const error = phase === ActionPhase.FAILED ? errorInfo(ErrorInfo_Kind.USER, 'The step failed.') : undefined;
      const end = { phase, error, outputUri: outputs?.outputUri };
      endAttempt(details, end);
      endAction(details, end);
      return details;
    }
    case 'condition':
      return newCondition(made, spec.value);
    default:
      throw invalid('The request has neither a task nor a trace nor a condition.');
  }
}

/** Clients try again after `failed_precondition`, which Flyte's backend says of its own limits; of what a task is, nothing passes. */
function asArguments(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ConnectError) || error.code !== Code.FailedPrecondition) throw error;
    throw invalid(error.rawMessage);
  }
}

/** A part of paths, so it may not be just anything. */
function requireName(name: string): void {
  if (name.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) && name !== ROOT_INPUTS) return;
  throw invalid(
    `The action name ${JSON.stringify(name)} must have 1 to 63 characters: small letters, digits and "-", not at its ends.`,
  );
}

/** A URI from a client could name any file of this machine. */
function requirePlaces({ engine }: PlaneContext, key: ActionKey, { inputUri, runOutputBase, spec }: Requested): void {
  const base = fileUrl(engine.data.runFolder(key));
  if (runOutputBase.replace(/\/+$/, '') !== base)
    throw invalid(`The run_output_base must be ${base}, as _U_RUN_BASE says.`);
  if (spec.case !== 'task') return;
  const inputs = fileUrl(join(engine.data.inputsFolder(key), INPUTS_FILE));
  if (inputUri !== inputs) throw invalid(`The input_uri must be ${inputs}: inputs go there first.`);
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}
