import { create } from '@bufbuild/protobuf';
import {
  ExtendedResourcesSchema,
  GPUAccelerator_DeviceClass,
  Resources_ResourceEntrySchema,
  Resources_ResourceName,
  ResourcesSchema,
  type ExtendedResources,
  type Resources as WireResources,
  type Resources_ResourceEntry,
} from '../gen/flyteidl2/core/tasks_pb.js';
import { parseQuantity } from './quantity.js';

/**
 * What a task's container gets. Quantities are those of Kubernetes; a pair asks for the first and is limited to the
 * second.
 */
export interface Resources {
  /** Cores: `2`, `0.5`, `'500m'`, or `['500m', 2]`. */
  readonly cpu?: string | number | readonly [request: string | number, limit: string | number] | undefined;
  /** Bytes, with their unit: `'512Mi'`, or `['1Gi', '4Gi']`. */
  readonly memory?: string | readonly [request: string, limit: string] | undefined;
  /** How many GPUs of any kind, or kind and number: `'T4:1'`, `'A100 80G:2'`. */
  readonly gpu?: number | string | undefined;
  /** Ephemeral disk, as `'10Gi'`. */
  readonly disk?: string | undefined;
  /** Shared memory at `/dev/shm`, as `'1Gi'`; `'auto'` for the most that the node allows. */
  readonly shm?: string | undefined;
}

const FIELDS = ['cpu', 'memory', 'gpu', 'disk', 'shm'] as const;
const GPU = /^([A-Za-z0-9][A-Za-z0-9 ]*):([1-9]\d?)$/;

// The labels by which nodes name these devices; other devices travel under the name given (flyteorg/flyte-sdk
// _internal/runtime/resources_serde.py).
const DEVICES: Readonly<Record<string, string>> = {
  ...{ T4: 'nvidia-tesla-t4', V100: 'nvidia-tesla-v100', A10: 'nvidia-a10', A10G: 'nvidia-a10g' },
  ...{ L4: 'nvidia-l4', L40s: 'nvidia-l40s', A100: 'nvidia-tesla-a100', 'A100 80G': 'nvidia-a100-80gb' },
  ...{ H100: 'nvidia-tesla-h100' },
};

/** What is wrong with resources, each to put behind "resources."; empty where nothing is. */
export function resourcesProblems(resources: Resources): string[] {
  const given: Readonly<Record<string, unknown>> = { ...resources };
  const unknown = Object.keys(given).filter((name) => !FIELDS.some((field) => field === name));
  return [
    ...unknown.map((name) => `${name} is unknown; there are ${FIELDS.join(', ')}`),
    ...rangeProblems('cpu', resources.cpu, 'cores'),
    ...rangeProblems('memory', resources.memory, 'bytes'),
    ...gpuProblems(resources.gpu),
    ...(['disk', 'shm'] as const).flatMap((name) => {
      const value = resources[name];
      if (value === undefined || (name === 'shm' && value === 'auto')) return [];
      const { problem } = parseQuantity(value, 'bytes');
      return problem === undefined ? [] : [`${name} ${problem}`];
    }),
  ];
}

function rangeProblems(name: string, value: unknown, of: 'cores' | 'bytes'): string[] {
  if (value === undefined) return [];
  const pair: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (Array.isArray(value) && pair.length !== 2) return [`${name} is a list of ${pair.length}; give [request, limit]`];
  const parsed = pair.map((one) => parseQuantity(one, of));
  const problems = parsed.flatMap(({ problem }) => (problem === undefined ? [] : [`${name} ${problem}`]));
  const [request, limit] = parsed;
  if (
    problems.length === 0 &&
    request?.text !== undefined &&
    limit?.text !== undefined &&
    request.amount > limit.amount
  )
    return [`${name} asks for more (${request.text}) than its limit (${limit.text})`];
  return problems;
}

function gpuProblems(gpu: unknown): string[] {
  if (gpu === undefined || (typeof gpu === 'number' && Number.isInteger(gpu) && gpu > 0)) return [];
  if (typeof gpu === 'string' && GPU.test(gpu)) return [];
  return ['gpu takes a whole number above 0, or kind and number, such as "T4:1"'];
}

/** Resources as `Container.resources`, after {@link resourcesProblems} found none; undefined where nothing is asked for. */
export function resourcesToWire({ cpu, memory, gpu, disk }: Resources): WireResources | undefined {
  const { CPU, MEMORY, GPU: GPUS, EPHEMERAL_STORAGE } = Resources_ResourceName;
  const entry = (name: Resources_ResourceName, value: string | number | undefined): Resources_ResourceEntry[] =>
    value === undefined ? [] : [create(Resources_ResourceEntrySchema, { name, value: String(value) })];
  const [cpuRequest, cpuLimit] = typeof cpu === 'object' ? cpu : [cpu];
  const [memoryRequest, memoryLimit] = typeof memory === 'object' ? memory : [memory];
  const gpus = typeof gpu === 'string' ? GPU.exec(gpu)?.[2] : gpu;
  const requests = [entry(CPU, cpuRequest), entry(MEMORY, memoryRequest), entry(GPUS, gpus)];
  const limits = [...entry(CPU, cpuLimit), ...entry(MEMORY, memoryLimit)];
  const all = [...requests.flat(), ...entry(EPHEMERAL_STORAGE, disk)];
  return all.length === 0 ? undefined : create(ResourcesSchema, { requests: all, limits });
}

/** What resources don't fit into `Container.resources`: the kind of GPU, and shared memory. */
export function extendedResourcesToWire({ gpu, shm }: Resources): ExtendedResources | undefined {
  const device = typeof gpu === 'string' ? GPU.exec(gpu)?.[1] : undefined;
  if (device === undefined && shm === undefined) return undefined;
  return create(ExtendedResourcesSchema, {
    gpuAccelerator:
      device === undefined
        ? undefined
        : { device: DEVICES[device] ?? device, deviceClass: GPUAccelerator_DeviceClass.NVIDIA_GPU },
    sharedMemory:
      shm === undefined
        ? undefined
        : { mountPath: '/dev/shm', mountName: 'flyte-shm', sizeLimit: shm === 'auto' ? '' : shm },
  });
}
