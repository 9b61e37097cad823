import { Code, ConnectError } from '@connectrpc/connect';
import { groupClashes } from 'nestjs-flyte/protocol';
import type { TaskSpec } from 'nestjs-flyte/idl/task/task_definition';
import { secretsOfTask } from '../execution/secrets/secrets-of-tasks.js';

/**
 * Refuses a task that declares one key under several groups.
 *
 * @throws ConnectError `failed_precondition`
 */
export function requireTaskSecrets(spec: TaskSpec): void {
  const clashes = groupClashes(secretsOfTask(spec));
  if (clashes.length > 0) throw new ConnectError(`In this task ${clashes.join('; ')}.`, Code.FailedPrecondition);
}
