import type { Secret } from 'nestjs-flyte/protocol';
import type { TaskSpec } from 'nestjs-flyte/idl/task/task_definition';
import type { TaskStore } from '../../runs/task-store.js';
import { AttemptRefused } from '../attempts/attempt-refused.js';
import { declaredSecrets } from './declared-secrets.js';

/** The secrets that a task declares; none if its declarations are wrong, which its runs will say. */
export function secretsOfTask({ taskTemplate }: TaskSpec): Secret[] {
  try {
    return declaredSecrets(taskTemplate?.securityContext);
  } catch (error) {
    if (error instanceof AttemptRefused) return [];
    throw error;
  }
}

/** The secrets that the deployed tasks declare, each task in the version that was created last. */
export function secretsOfTasks(tasks: TaskStore): Secret[] {
  // SQLite reads a negative limit as none.
  return tasks
    .latest([], { limit: -1, offset: 0, order: 'sequence' })
    .flatMap(({ spec }) => (spec === undefined ? [] : secretsOfTask(spec)));
}
