import { createClient, type Client, type Transport } from '@connectrpc/connect';
import type { TaskSpec, TaskTrigger } from '../../gen/flyteidl2/task/task_definition_pb.js';
import { TaskService as Tasks } from '../../gen/flyteidl2/task/task_service_pb.js';
import type { TaskDefinition } from '../../tasks/task-definition.js';
import { buildTaskSpec, type TaskSpecTarget } from '../../tasks/task-spec.js';
import { triggerToWire, type TriggerOnWire } from '../../tasks/trigger-wire.js';
import { DataProxyService } from '../../gen/flyteidl2/dataproxy/dataproxy_service_pb.js';
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

/**
 * Makes tasks known to Flyte with their triggers, in place of what it knows under the same version.
 *
 * @throws FlyteError `invalid_argument` for a trigger whose inputs don't fit its task, before anything is deployed
 */
export async function deployTasks(
  transport: Transport,
  tasks: readonly SpecifiedTask[],
  options: CallOptions,
): Promise<void> {
  const client = createClient(Tasks, transport);
  const data = createClient(DataProxyService, transport);
  const prepared = await Promise.all(
    tasks.map(async ({ task, spec }) => {
      const triggers = await Promise.all(task.settings.triggers.map((trigger) => triggerToWire(task, trigger)));
      return { spec, triggers };
    }),
  );
  const deploying = prepared.map(async ({ spec, triggers }) => {
    const { org, project, domain, name, version } = spec.taskTemplate?.id ?? {};
    const stored = await Promise.all(triggers.map((trigger) => withStoredInputs(data, trigger, spec, options)));
    await client.deployTask({ taskId: { org, project, domain, name, version }, spec, triggers: stored }, options);
  });
  await Promise.all(deploying).catch((error: unknown) => {
    throw refusedTask(error);
  });
}

/**
 * A trigger whose inputs are stored, as Python's SDK stores them: of inputs that come with the trigger itself, Flyte's open-source backend
 * gives its runs nothing.
 */
async function withStoredInputs(
  data: Client<typeof DataProxyService>,
  { trigger, inputs }: TriggerOnWire,
  spec: TaskSpec,
  options: CallOptions,
): Promise<TaskTrigger> {
  const { org: organization = '', project: name = '', domain = '' } = spec.taskTemplate?.id ?? {};
  if (trigger.spec === undefined || inputs.literals.length === 0) return trigger;
  const { offloadedInputData } = await data.uploadInputs(
    {
      id: { case: 'projectId', value: { organization, name, domain } },
      task: { case: 'taskSpec', value: spec },
      inputs,
    },
    options,
  );
  return { ...trigger, spec: { ...trigger.spec, offloadedInputData } };
}
