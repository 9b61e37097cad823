import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import {
  Resources_ResourceName,
  type K8sPodSchema,
  type Resources,
  type Resources_ResourceEntry,
} from '../gen/flyteidl2/core/tasks_pb.js';
import { PrimaryJson } from './pod-json.js';
import type { CheckedPodTemplate } from './pod-template.js';

/** What a task says of the container that it runs in. */
export interface TaskContainer {
  readonly image: string;
  readonly command: string[];
  readonly args: string[];
  readonly resources: Resources | undefined;
  readonly env: { readonly key: string; readonly value: string }[];
}

/** A pod with the task in its primary container, put together as the Python SDK does (`_internal/runtime/task_serde.py`). */
export function podToWire(
  template: CheckedPodTemplate,
  container: TaskContainer,
): MessageInitShape<typeof K8sPodSchema> {
  const { spec, primaryContainerName, labels, annotations } = template;
  const containers = spec.containers.map((given) =>
    given.name === primaryContainerName ? primaryOf(given, container) : given,
  );
  return {
    metadata: { labels: { ...labels }, annotations: { ...annotations } },
    podSpec: { ...spec, containers },
  };
}

function primaryOf(given: JsonObject, { image, command, args, resources, env }: TaskContainer): JsonObject {
  const { env: others, resources: devices, ...rest } = PrimaryJson.parse(given);
  const { limits = [], requests = [] } = resources ?? {};
  const amounts = {
    ...devices,
    limits: { ...devices?.limits, ...amountsOf(limits) },
    requests: { ...devices?.requests, ...amountsOf(requests) },
  };
  return {
    ...rest,
    ...{ image, command, args, env: [...env.map(({ key, value }) => ({ name: key, value })), ...others] },
    // The task's amounts over the container's own, which may ask for what a task can't, such as a device.
    ...((devices || limits.length + requests.length > 0) && { resources: amounts }),
  };
}

function amountsOf(entries: readonly Resources_ResourceEntry[]): Record<string, string> {
  return Object.fromEntries(entries.map(({ name, value }) => [resourceName(name), value]));
}

/** `ephemeral-storage`, as Kubernetes writes it. */
function resourceName(name: Resources_ResourceName): string {
  return Resources_ResourceName[name].toLowerCase().replaceAll('_', '-');
}
