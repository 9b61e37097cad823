import { createHash } from 'node:crypto';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Duration, DurationSchema } from '@bufbuild/protobuf/wkt';
import { PACKAGE } from '../gen/package.js';
import { ResourceType } from '../gen/flyteidl2/core/identifier_pb.js';
import type { SecurityContextSchema } from '../gen/flyteidl2/core/security_pb.js';
import {
  RuntimeMetadata_RuntimeType,
  type TaskMetadataSchema,
  type TaskTemplateSchema,
} from '../gen/flyteidl2/core/tasks_pb.js';
import { type TaskSpec, TaskSpecSchema } from '../gen/flyteidl2/task/task_definition_pb.js';
import { secretToWire } from '../secrets/secret-wire.js';
import { ACTION_COMMAND, actionArguments } from '../protocol/action-arguments.js';
import { BARE_POD } from './pod-template.js';
import { PRIMARY_CONTAINER } from '../protocol/primary-container.js';
import { podToWire, type TaskContainer } from './pod-wire.js';
import { extendedResourcesToWire, resourcesToWire } from './resources.js';
import type { TaskDefinition } from './task-definition.js';
import type { ImageLike } from './task-environment.js';
import type { TaskSettings } from './task-settings.js';

/** What a TaskSpec says beyond what its task declares. */
export interface TaskSpecTarget {
  readonly org?: string | undefined;
  readonly project: string;
  readonly domain: string;
  /** The version to be known under. */
  readonly version: string;
  /** The module that provides the task: `<file>#<export>`. */
  readonly module: string;
  /** The image of tasks whose environment names none. */
  readonly image?: ImageLike | undefined;
  /** Where the code is that the module is in, if apart from the image: the URI of an archive. */
  readonly codeBundle?: string | undefined;
  /** The image's name, in place of what the task's environment says. */
  readonly imageName?: string | undefined;
}

/**
 * The kind of task. Flyte's pod plugin runs every kind that no other plugin claims, so this may tell what it really is.
 */
export const TASK_TYPE = 'nestjs';

/** A task as Flyte takes it: for `DeployTask`, or for a run of a task that was not deployed. */
export function buildTaskSpec(task: TaskDefinition, target: TaskSpecTarget): TaskSpec {
  const { name, environment, settings, codec, shortName } = task;
  const { org = '', project, domain, version, module, codeBundle } = target;
  return create(TaskSpecSchema, {
    taskTemplate: {
      id: { resourceType: ResourceType.TASK, org, project, domain, name, version },
      type: TASK_TYPE,
      metadata: metadataOf(task),
      interface: codec.interface(),
      ...targetOf(settings, {
        image: target.imageName ?? imageName(environment.image ?? target.image),
        command: [...ACTION_COMMAND],
        args: actionArguments({ task: name, version, module, codeBundle }),
        resources: resourcesToWire(settings.resources),
        env: Object.entries(settings.envVars).map(([key, value]) => ({ key, value })),
      }),
      securityContext: securityContextOf(task),
      extendedResources: extendedResourcesToWire(settings.resources),
    },
    defaultInputs: codec.defaultInputs(),
    shortName,
    environment: { name: environment.name, description: environment.description },
    documentation: settings.description === '' ? undefined : { shortDescription: settings.description },
  });
}

/** A container, or a pod where something was said of more than its container. */
function targetOf(
  { podTemplate, annotations }: TaskSettings,
  container: TaskContainer,
): Pick<Exclude<MessageInitShape<typeof TaskTemplateSchema>, { $typeName: string }>, 'target' | 'config'> {
  const given = typeof podTemplate === 'object' ? podTemplate : undefined;
  if (!given && Object.keys(annotations).length === 0) return { target: { case: 'container', value: container } };
  const template = given ?? BARE_POD;
  const pod = podToWire({ ...template, annotations: { ...annotations, ...template.annotations } }, container);
  return {
    target: { case: 'k8sPod', value: pod },
    config: { [PRIMARY_CONTAINER]: template.primaryContainerName },
  };
}

function securityContextOf({
  secrets,
  settings: { serviceAccount },
}: TaskDefinition): MessageInitShape<typeof SecurityContextSchema> | undefined {
  if (secrets.length === 0 && serviceAccount === undefined) return undefined;
  return {
    secrets: secrets.map(secretToWire),
    runAs: serviceAccount === undefined ? undefined : { k8sServiceAccount: serviceAccount },
  };
}

function metadataOf(task: TaskDefinition): MessageInitShape<typeof TaskMetadataSchema> {
  const { settings } = task;
  const { podTemplate, cache, backoff, interruptible, retries, maxRuntimeMs, maxQueuedTimeMs, deadlineMs } = settings;
  const bounded = maxQueuedTimeMs !== undefined || deadlineMs !== undefined;
  return {
    runtime: { type: RuntimeMetadata_RuntimeType.FLYTE_SDK, version: PACKAGE.version, flavor: 'nestjs' },
    retries: {
      retries,
      backoff: backoff && { base: duration(backoff.baseMs), factor: backoff.factor, cap: duration(backoff.capMs) },
    },
    timeout: duration(maxRuntimeMs),
    timeouts: bounded ? { queuedTimeout: duration(maxQueuedTimeMs), deadline: duration(deadlineMs) } : undefined,
    interruptibleValue: { case: 'interruptible', value: interruptible },
    podTemplateName: typeof podTemplate === 'string' ? podTemplate : '',
    discoverable: cache !== undefined,
    discoveryVersion: cache?.version ?? codeVersion(task),
    cacheSerializable: cache?.serialize ?? false,
    cacheIgnoreInputVars: [...(cache?.ignoredInputs ?? [])],
  };
}

/**
 * A version of a task's own code, for who calls it as a child: a child that was done before its code changed is not taken for one of the new
 * code. Of the method alone, which is what a process has of it at hand; the Python SDK does the same.
 */
function codeVersion({ type, method }: TaskDefinition): string {
  const source: unknown = Reflect.get(type.prototype as object, method);
  return createHash('sha256').update(String(source)).digest('hex').slice(0, 16);
}

function duration(ms: number | undefined): Duration | undefined {
  if (ms === undefined) return undefined;
  const seconds = Math.floor(ms / 1000);
  return create(DurationSchema, { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) });
}

function imageName(image: ImageLike | undefined): string {
  return typeof image === 'object' ? image.fullName : (image ?? '');
}
