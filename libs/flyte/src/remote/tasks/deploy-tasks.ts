import type { Client } from '@connectrpc/connect';
import type { TaskSpec } from '../../gen/flyteidl2/task/task_definition_pb.js';
import type { TaskService as Tasks } from '../../gen/flyteidl2/task/task_service_pb.js';
import type { TaskDefinition } from '../../tasks/task-definition.js';
import { buildTaskSpec, type TaskSpecTarget } from '../../tasks/task-spec.js';
import type { CallOptions } from '../connection/call-options.js';
import type { TaskImages } from './task-images.js';
import { refusedTask } from '../connection/upstream-error.js';

/** A task, and how Flyte is to run it. */
export interface SpecifiedTask {
  readonly task: TaskDefinition;
  /** The name of its image; empty where the local control plane runs it. */
  readonly image: string;
  readonly spec: TaskSpec;
}

/**
 * How Flyte is to run tasks.
 *
 * @throws FlyteError as {@link TaskImages.nameFor}
 */
export function specifyTasks(
  tasks: readonly TaskDefinition[],
  images: TaskImages,
  target: Omit<TaskSpecTarget, 'image' | 'imageName'>,
): Promise<SpecifiedTask[]> {
  return Promise.all(
    tasks.map(async (task) => {
      const image = await images.nameFor(task.environment);
      return { task, image, spec: buildTaskSpec(task, { ...target, imageName: image }) };
    }),
  );
}

/** Makes tasks known to Flyte, in place of what it knows under the same version. */
export async function deployTasks(
  client: Client<typeof Tasks>,
  tasks: readonly SpecifiedTask[],
  options: CallOptions,
): Promise<void> {
  const deploying = tasks.map(({ spec }) => {
    const { org, project, domain, name, version } = spec.taskTemplate?.id ?? {};
    return client.deployTask({ taskId: { org, project, domain, name, version }, spec }, options);
  });
  await Promise.all(deploying).catch((error: unknown) => {
    throw refusedTask(error);
  });
}
