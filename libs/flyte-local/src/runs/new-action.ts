import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { ActionIdentifierSchema, type RunIdentifier } from 'nestjs-flyte/idl/common/identifier';
import { EnrichedIdentitySchema, type EnrichedIdentity } from 'nestjs-flyte/idl/common/identity';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import type { TaskIdentifier, TaskSpec } from 'nestjs-flyte/idl/task/task_definition';
import {
  ActionDetailsSchema,
  ActionMetadataSchema,
  ActionSchema,
  ActionStatusSchema,
  ActionType,
  RunSchema,
  type Action,
  type ActionDetails,
  type Run,
  type RunSource,
} from 'nestjs-flyte/idl/workflow/run_definition';
import { ROOT_ACTION } from 'nestjs-flyte/protocol';
import type { Caller } from '../tokens/caller.js';
import { addAttempt } from './action-record.js';

/** What a new run is made of. */
export interface NewRun {
  /** Its name, project and domain. */
  readonly id: RunIdentifier;
  /** The task's name; of an undeployed task, what its template says. */
  readonly taskId: TaskIdentifier;
  /** What to execute. */
  readonly spec: TaskSpec;
  /** Who asked for it. */
  readonly caller: Caller;
  /** Where the request says that it came from. */
  readonly source: RunSource;
}

/** The record of a new run's root action: queued, with its first attempt. */
export function newRootAction({ id, taskId, spec, caller, source }: NewRun): ActionDetails {
  const details = create(ActionDetailsSchema, {
    id: create(ActionIdentifierSchema, { run: id, name: ROOT_ACTION }),
    status: create(ActionStatusSchema, {
      phase: ActionPhase.QUEUED,
      startTime: timestampFromDate(new Date()),
      attempts: 1,
    }),
    metadata: create(ActionMetadataSchema, {
      actionType: ActionType.TASK,
      executedBy: identityOf(caller),
      environmentName: spec.environment?.name ?? '',
      // The interface definition spells it so.
      funtionName: taskId.name,
      source,
      spec: {
        case: 'task',
        value: {
          $typeName: 'flyteidl2.workflow.TaskActionMetadata',
          id: taskId,
          taskType: spec.taskTemplate?.type ?? '',
          shortName: spec.shortName,
        },
      },
    }),
    spec: { case: 'task', value: spec },
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
