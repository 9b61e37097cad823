import type { JsonObject } from '@bufbuild/protobuf';
import * as z from 'zod';
import { quoted } from '../protocol/path-hazard.js';
import { annotationProblems, containerNameProblem, labelProblems, objectNameProblem } from './kubernetes-names.js';
import { PodSpecJson, PrimaryJson } from './pod-json.js';

/** A container of a {@link PodSpec}, in the form of Kubernetes' API. */
export interface PodContainer {
  readonly name: string;
  readonly [field: string]: unknown;
}

/**
 * A pod's specification in the form of Kubernetes' API (`core/v1` PodSpec): an object literal, what was read from YAML, or a
 * `V1PodSpec` of `@kubernetes/client-node`.
 */
export type PodSpec =
  | { readonly containers: readonly PodContainer[]; readonly [field: string]: unknown }
  // Objects of classes have no index signature.
  | { readonly containers: readonly { readonly name: string }[] };

/** The pod that a task runs in: sidecars, volumes, where it is scheduled. The Python SDK's `flyte.PodTemplate`. */
export interface PodTemplate {
  /** Everything about the pod but what the task says itself. One container, the primary one, if not given. */
  readonly spec?: PodSpec | undefined;
  /**
   * The container of `spec` that runs the task: image, command and arguments are the task's, its variables come before the
   * container's own, its resources in place of those of the same name. `primary` if not given.
   */
  readonly primaryContainerName?: string | undefined;
  /** Labels of the pod. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Annotations of the pod. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

const DEFAULT_PRIMARY = 'primary';
const FIELDS = ['spec', 'primaryContainerName', 'labels', 'annotations'] satisfies (keyof PodTemplate)[];
/** What the task says of its container. */
const TASKS_OWN = ['image', 'command', 'args'] as const;

const Texts = z.record(z.string(), z.string());

/** A {@link PodSpec} that was checked, as JSON. */
export type CheckedPodSpec = JsonObject & { readonly containers: (JsonObject & { readonly name: string })[] };

/** A {@link PodTemplate} that was checked, as JSON. */
export interface CheckedPodTemplate {
  readonly spec: CheckedPodSpec;
  readonly primaryContainerName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A pod of which nothing is said but that a task runs in it. */
export const BARE_POD: CheckedPodTemplate = {
  spec: { containers: [{ name: DEFAULT_PRIMARY }] },
  primaryContainerName: DEFAULT_PRIMARY,
  labels: {},
  annotations: {},
};

/**
 * Checks a pod template: the name of one that the cluster has, or one that is given.
 *
 * @param problems gets everything that is wrong, each to put behind the name of the option
 * @returns undefined where there is none, or something is wrong
 */
export function checkedPodTemplate(value: unknown, problems: string[]): string | CheckedPodTemplate | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') {
    const problem = objectNameProblem(value);
    if (problem === undefined) return value;
    problems.push(problem);
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(
      'takes { spec, primaryContainerName, labels, annotations }, or the name of a PodTemplate of the cluster',
    );
    return undefined;
  }
  const given: Readonly<Record<string, unknown>> = { ...value };
  const { primaryContainerName = DEFAULT_PRIMARY, labels = {}, annotations = {} } = given;
  const nameProblem = containerNameProblem(primaryContainerName);
  const found = [
    ...Object.keys(given)
      .filter((field) => !FIELDS.some((known) => known === field))
      .map((field) => `has no field ${quoted(field)}; its fields are ${FIELDS.join(', ')}`),
    ...(nameProblem === undefined ? [] : [`field primaryContainerName ${nameProblem}`]),
    ...labelProblems(labels).map((problem) => `field labels ${problem}`),
    ...annotationProblems(annotations).map((problem) => `field annotations ${problem}`),
  ];
  const primary = String(primaryContainerName);
  const spec =
    found.length === 0 ? checkedSpec(given['spec'] ?? { containers: [{ name: primary }] }, primary, found) : undefined;
  problems.push(...found);
  if (!spec || found.length > 0) return undefined;
  return { spec, primaryContainerName: primary, labels: Texts.parse(labels), annotations: Texts.parse(annotations) };
}

function checkedSpec(spec: unknown, primary: string, problems: string[]): CheckedPodTemplate['spec'] | undefined {
  const wrong = (problem: string): undefined => void problems.push(`field spec ${problem}`);
  const { json, problem } = asJson(spec);
  if (problem !== undefined) return wrong(problem);
  const { data, error } = PodSpecJson.safeParse(json);
  if (!data) return wrong(shown(error));
  const [container, ...same] = data.containers.filter(({ name }) => name === primary);
  if (!container || same.length > 0) {
    const names = data.containers.map(({ name }) => quoted(name)).join(', ') || 'none';
    return wrong(
      `is to have one container ${quoted(primary)}, which runs the task, and has ${names}; name one so, or set primaryContainerName`,
    );
  }
  const { error: wrongPrimary } = PrimaryJson.safeParse(container);
  if (wrongPrimary) return wrong(`has a container ${quoted(primary)} whose ${shown(wrongPrimary)}`);
  for (const field of TASKS_OWN) {
    if (container[field] === undefined) continue;
    const instead = field === 'image' ? 'give the image to the TaskEnvironment' : 'the task has its own';
    wrong(`has a container ${quoted(primary)} with the field ${field}; remove it: ${instead}`);
  }
  return data;
}

function shown({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'is wrong'}`;
}

/** A copy as JSON, as it is when it is declared. */
function asJson(value: unknown): { readonly json?: unknown; readonly problem?: string } {
  const odd: string[] = [];
  const isOdd = (inner: unknown): boolean =>
    typeof inner === 'number' ? !Number.isFinite(inner) : ['function', 'symbol', 'bigint'].includes(typeof inner);
  try {
    const text = JSON.stringify(value, (field, inner: unknown) => {
      if (!isOdd(inner)) return inner;
      odd.push(quoted(field));
      return null;
    });
    if (odd.length > 0) return { problem: `holds what JSON has no form for, at ${odd.join(', ')}` };
    return { json: JSON.parse(text) };
  } catch {
    return { problem: 'is no JSON: it refers to itself' };
  }
}
