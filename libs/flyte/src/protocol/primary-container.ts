import * as z from 'zod';
import type { TaskTemplate } from '../gen/flyteidl2/core/tasks_pb.js';

/** Under this name of `TaskTemplate.config` Flyte looks for the container that runs the task. */
export const PRIMARY_CONTAINER = 'primary_container_name';

/** What of a task's container means something where it is run as a process. */
export interface PrimaryContainer {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly { readonly key: string; readonly value: string }[];
}

const texts = z.array(z.string()).default([]);
const Container = z.object({
  name: z.string(),
  command: texts,
  args: texts,
  // A variable without a value gets it from something of the cluster's, such as a secret.
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
});
const Pod = z.object({ containers: z.array(z.looseObject({ name: z.string() })) });

/** The container that runs a task: its own, or the primary one of its pod; undefined where there is none. */
export function primaryContainerOf(template: TaskTemplate | undefined): PrimaryContainer | undefined {
  if (template?.target.case === 'container') return template.target.value;
  if (template?.target.case !== 'k8sPod') return undefined;
  const { data: pod } = Pod.safeParse(template.target.value.podSpec);
  const { data } = Container.safeParse(pod?.containers.find(({ name }) => name === template.config[PRIMARY_CONTAINER]));
  if (!data) return undefined;
  return { ...data, env: data.env.flatMap(({ name: key, value }) => (value === undefined ? [] : [{ key, value }])) };
}
