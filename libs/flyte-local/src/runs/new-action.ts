import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { ActionIdentifier } from 'nestjs-flyte/idl/common/identifier';
import { EnrichedIdentitySchema, type EnrichedIdentity } from 'nestjs-flyte/idl/common/identity';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import type { TaskIdentifier, TaskSpec } from 'nestjs-flyte/idl/task/task_definition';
import type { TriggerDetails } from 'nestjs-flyte/idl/trigger/trigger_definition';
import {
  ActionDetailsSchema,
  ActionMetadataSchema,
  ActionSchema,
  ActionStatusSchema,
  ActionType,
  ConditionActionMetadataSchema,
  RunSchema,
  TraceActionMetadataSchema,
  type Action,
  type ActionDetails,
  type ConditionAction,
  type Run,
  type RunSource,
  type TraceAction,
} from 'nestjs-flyte/idl/workflow/run_definition';
import type { Caller } from '../tokens/caller.js';
import { addAttempt, advance } from './action-record.js';

/** What every new action is made of. */
export interface NewAction {
  /** Its name, in its run. */
  readonly id: ActionIdentifier;
  /** Who asked for its run. */
  readonly executedBy: EnrichedIdentity | undefined;
  /** Where the request says that its run came from. */
  readonly source: RunSource;
  /** The action that called it; empty for a root. */
  readonly parent?: string;
  /** The group that it was called in. */
  readonly group?: string;
}

/** A task to be run. */
export interface NewTask extends NewAction {
  /** The task's name; of an undeployed task, what its template says. */
  readonly taskId: TaskIdentifier;
  /** What to execute. */
  readonly spec: TaskSpec;
  /** The trigger that makes its run, where one does. */
  readonly trigger?: Pick<TriggerDetails, 'id' | 'automationSpec'> | undefined;
}

/** The record of a task: queued, with its first attempt. */
export function newTask({ taskId, spec, trigger, ...action }: NewTask): ActionDetails {
  const metadata = {
    actionType: ActionType.TASK,
    environmentName: spec.environment?.name ?? '',
    // The interface definition spells it so.
    funtionName: taskId.name,
    spec: {
      case: 'task' as const,
      value: {
        $typeName: 'flyteidl2.workflow.TaskActionMetadata' as const,
        id: taskId,
        taskType: spec.taskTemplate?.type ?? '',
        shortName: spec.shortName,
      },
    },
    ...(trigger !== undefined && {
      triggerId: trigger.id,
      triggerName: trigger.id?.name?.name ?? '',
      triggerType: trigger.automationSpec,
    }),
  };
  return newRecord(action, metadata, { case: 'task', value: spec });
}

/** The record of a step that its caller took itself; it is to be ended as the caller says. */
export function newTrace(action: NewAction, { name, spec }: TraceAction): ActionDetails {
  const metadata = {
    actionType: ActionType.TRACE,
    funtionName: name,
    spec: { case: 'trace' as const, value: create(TraceActionMetadataSchema, { name }) },
  };
  return newRecord(action, metadata, spec === undefined ? NOTHING : { case: 'trace', value: spec });
}

/** The record of a condition, which somebody is to answer: it waits from the start, since a second write could fail where the first did not. */
export function newCondition(action: NewAction, condition: ConditionAction): ActionDetails {
  const { name, type } = condition;
  const metadata = {
    actionType: ActionType.CONDITION,
    funtionName: name,
    // The type, too: Python's command goes by it.
    spec: { case: 'condition' as const, value: create(ConditionActionMetadataSchema, { name, type }) },
  };
  const details = newRecord(action, metadata, { case: 'condition', value: condition });
  advance(details, ActionPhase.PAUSED);
  return details;
}

const NOTHING: ActionDetails['spec'] = { case: undefined };

function newRecord(
  { id, executedBy, source, parent = '', group = '' }: NewAction,
  metadata: MessageInitShape<typeof ActionMetadataSchema>,
  spec: ActionDetails['spec'],
): ActionDetails {
  const details = create(ActionDetailsSchema, {
    id,
    status: create(ActionStatusSchema, {
      phase: ActionPhase.QUEUED,
      startTime: timestampFromDate(new Date()),
      attempts: 1,
    }),
    metadata: create(ActionMetadataSchema, { ...metadata, executedBy, source, parent, group }),
    spec,
  });
  addAttempt(details);
  return details;
}

/** A caller as records name people. */
export function identityOf({ subject, name, email }: Caller): EnrichedIdentity {
  // Given and family name stay empty: a token has one full name, and no rule splits every name rightly.
  return create(EnrichedIdentitySchema, {
    principal: {
      case: 'user',
      value: { id: { subject }, spec: { firstName: name, email } },
    },
  });
}

/** The short form of a record, for lists. */
export function actionOf({ id, metadata, status }: ActionDetails): Action {
  return create(ActionSchema, { id, metadata, status });
}

/** The short form of a record as a run. */
export function runOf(details: ActionDetails): Run {
  return create(RunSchema, { action: actionOf(details) });
}
