import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { LogContextSchema, type LogContext } from 'nestjs-flyte/idl/core/execution';
import { podNameOf, type ActionKey } from '../runs/action-id.js';

/** What the plane calls itself where Flyte names a cluster. */
export const CLUSTER = 'local';

/** Where an attempt's log would be, if it had a pod. @param attempt from 1 */
export function logContextOf(key: ActionKey, attempt: number): LogContext {
  const podName = podNameOf(key, attempt);
  const pod = {
    namespace: `${key.project}-${key.domain}`,
    podName,
    containers: [{ containerName: podName }],
    primaryContainerName: podName,
  };
  return create(LogContextSchema, { pods: [pod], primaryPodName: podName });
}

/** The error of an attempt without a log. */
export function noLogs(attempt: number): ConnectError {
  return new ConnectError(`There are no logs of attempt ${attempt} (the first is 1).`, Code.NotFound);
}
