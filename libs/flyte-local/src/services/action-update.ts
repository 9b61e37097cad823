import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { ExecutionError_ErrorKind, ExecutionErrorSchema, type ExecutionError } from 'nestjs-flyte/idl/core/execution';
import { ErrorInfo_Kind, type ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import type { ActionUpdateSchema } from 'nestjs-flyte/idl/workflow/state_service';
import { readErrorCode } from '../execution/attempts/attempt-result.js';
import { fileUrl, type DataFolder } from '../execution/attempts/data-folder.js';
import { actionKeyOf } from '../runs/action-id.js';
import { lastAttempt } from '../runs/action-record.js';

/** What who called an action learns of it. */
export function actionUpdate(data: DataFolder, details: ActionDetails): MessageInitShape<typeof ActionUpdateSchema> {
  const { phase = ActionPhase.UNSPECIFIED } = details.status ?? {};
  const folder = data.attempt(actionKeyOf(details.id), details.attempts.length).outputs;
  const attempt = lastAttempt(details);
  const failed = phase === ActionPhase.FAILED || phase === ActionPhase.TIMED_OUT;
  return {
    actionId: details.id,
    phase,
    // Of a step, where its caller says that its outputs are.
    outputUri: details.spec.case === 'task' ? fileUrl(folder) : (attempt.outputs?.outputUri ?? ''),
    ...(failed && { error: errorOf(details, folder) }),
    ...(details.result.case === 'signalInfo' && { value: details.result.value.output }),
  };
}

function errorOf({ result }: ActionDetails, folder: string): ExecutionError {
  const { kind = ErrorInfo_Kind.UNSPECIFIED, message = '' } = result.case === 'errorInfo' ? result.value : {};
  return create(ExecutionErrorSchema, {
    code: readErrorCode(folder) ?? 'Unknown',
    message,
    kind:
      kind === ErrorInfo_Kind.USER
        ? ExecutionError_ErrorKind.USER
        : kind === ErrorInfo_Kind.SYSTEM
          ? ExecutionError_ErrorKind.SYSTEM
          : ExecutionError_ErrorKind.UNKNOWN,
  });
}
