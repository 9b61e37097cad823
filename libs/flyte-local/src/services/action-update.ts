import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import {
  ContainerError_Kind,
  ExecutionError_ErrorKind,
  ExecutionErrorSchema,
  type ContainerError,
  type ExecutionError,
} from 'nestjs-flyte/idl/core/execution';
import { ErrorInfo_Kind, type ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import type { ActionUpdateSchema } from 'nestjs-flyte/idl/workflow/state_service';
import { readError } from '../execution/attempts/attempt-result.js';
import { fileUrl, type DataFolder } from '../execution/attempts/data-folder.js';
import { actionKeyOf } from '../runs/action-id.js';
import { lastAttempt } from '../runs/action-record.js';

/** What who called an action learns of it. */
export function actionUpdate(data: DataFolder, details: ActionDetails): MessageInitShape<typeof ActionUpdateSchema> {
  const { phase = ActionPhase.UNSPECIFIED } = details.status ?? {};
  const failed = phase === ActionPhase.FAILED || phase === ActionPhase.TIMED_OUT;
  return {
    actionId: details.id,
    phase,
    // Of a step, where its caller says that its outputs are.
    outputUri:
      details.spec.case === 'task' ? fileUrl(folderOf(data, details)) : (lastAttempt(details).outputs?.outputUri ?? ''),
    ...(failed && { error: errorOf(data, details) }),
    ...(details.result.case === 'signalInfo' && { value: details.result.value.output }),
  };
}

/** Whether an action is a step that failed in a way that another try may mend: who takes it anew must not be told of it. */
export function isToBeTakenAgain(data: DataFolder, details: ActionDetails): boolean {
  if (!isStep(details) || details.status?.phase !== ActionPhase.FAILED) return false;
  return leftError(data, details)?.kind !== ContainerError_Kind.NON_RECOVERABLE;
}

function leftError(data: DataFolder, details: ActionDetails): ContainerError | undefined {
  const folder = folderOf(data, details);
  return data.leadsElsewhere(folder) ? undefined : readError(folder);
}

function isStep({ metadata }: ActionDetails): boolean {
  return metadata?.spec.case === 'trace';
}

/** Where an action leaves how it ended; a step has one folder for all. */
export function folderOf(data: DataFolder, details: ActionDetails): string {
  const key = actionKeyOf(details.id);
  return isStep(details) ? data.inputsFolder(key) : data.attempt(key, details.attempts.length).outputs;
}

function errorOf(data: DataFolder, details: ActionDetails): ExecutionError {
  const { result } = details;
  const { kind = ErrorInfo_Kind.UNSPECIFIED, message = '' } = result.case === 'errorInfo' ? result.value : {};
  const left = leftError(data, details);
  return create(ExecutionErrorSchema, {
    code: left?.code || 'Unknown',
    // The record of a step has no words of its failure: its caller left them for itself.
    message: isStep(details) ? left?.message || message : message,
    recoverability: left?.kind ?? ContainerError_Kind.NON_RECOVERABLE,
    kind:
      kind === ErrorInfo_Kind.USER
        ? ExecutionError_ErrorKind.USER
        : kind === ErrorInfo_Kind.SYSTEM
          ? ExecutionError_ErrorKind.SYSTEM
          : ExecutionError_ErrorKind.UNKNOWN,
  });
}
