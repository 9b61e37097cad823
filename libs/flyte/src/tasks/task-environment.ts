import { brand } from '../errors/brand.js';
import { FlyteError } from '../errors/flyte-error.js';
import { quoted } from '../protocol/path-hazard.js';
import type { Secret } from '../secrets/secret.js';
import { type SecretRequest, secretsOf } from '../secrets/secret-request.js';
import { cutDescription } from './description.js';
import { annotationProblems, objectNameProblem } from './kubernetes-names.js';
import { checkedPodTemplate, type CheckedPodTemplate, type PodTemplate } from './pod-template.js';
import { resourcesProblems, type Resources } from './resources.js';
import { envVarProblems } from './env-vars.js';

/** A container image: its name, or what can tell its name. */
export type ImageLike = string | { readonly fullName: string };

/** How a {@link TaskEnvironment} is declared. */
export interface TaskEnvironmentFields {
  /** In snake_case or kebab-case, at most 63 characters: the first part of the names of its tasks. */
  readonly name: string;
  /** Secrets that every task of this environment receives. */
  readonly secrets?: SecretRequest | undefined;
  /** What the tasks run in. Without it, the image that the module's option `tasks.image` names. */
  readonly image?: ImageLike | undefined;
  /** What each task's container gets. */
  readonly resources?: Resources | undefined;
  /** Variables of each task's process. Never for secrets: whoever may see the task sees them. */
  readonly envVars?: Readonly<Record<string, string>> | undefined;
  /** What it is for. Cut at 255 bytes, as Flyte does. */
  readonly description?: string | undefined;
  /** Environments to deploy along with this one, because its tasks call theirs. */
  readonly dependsOn?: readonly TaskEnvironment[] | undefined;
  /** Whether the tasks may run on machines that can be taken away from them. */
  readonly interruptible?: boolean | undefined;
  /** The pod that the tasks run in, or the name of a `PodTemplate` that the cluster has. */
  readonly podTemplate?: string | PodTemplate | undefined;
  /** Annotations of the tasks' pods; those of a pod template win. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** The service account of Kubernetes that the tasks' pods run as. Flyte's own default if not given. */
  readonly serviceAccount?: string | undefined;
  /** The queue that runs of the tasks go to, where Flyte has queues. */
  readonly queue?: string | undefined;
}

const FIELDS = [
  ...(['name', 'secrets', 'image', 'resources', 'envVars'] as const),
  ...(['description', 'dependsOn', 'interruptible', 'podTemplate', 'annotations', 'serviceAccount', 'queue'] as const),
] satisfies (keyof TaskEnvironmentFields)[];
const NAME = /^[a-z0-9]+([_-][a-z0-9]+)*$/;
const MAX_NAME = 63;
const branded = brand<TaskEnvironment>('TaskEnvironment');

/**
 * Where tasks run: image, resources, secrets, variables. Its name begins theirs: `<environment>.<method>`. The Python
 * SDK's `flyte.TaskEnvironment`.
 *
 * @throws FlyteError `invalid_configuration` from the constructor, with every field that is wrong
 */
export class TaskEnvironment {
  readonly name: string;
  readonly secrets: readonly Secret[];
  readonly image: ImageLike | undefined;
  readonly resources: Resources;
  readonly envVars: Readonly<Record<string, string>>;
  readonly description: string;
  readonly dependsOn: readonly TaskEnvironment[];
  readonly interruptible: boolean;
  readonly podTemplate: string | CheckedPodTemplate | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount: string | undefined;
  readonly queue: string | undefined;

  constructor(fields: TaskEnvironmentFields) {
    this.podTemplate = check(fields);
    this.name = fields.name;
    this.secrets = Object.freeze(secretsOf(fields.secrets));
    this.image = fields.image;
    this.resources = Object.freeze({ ...fields.resources });
    this.envVars = Object.freeze({ ...fields.envVars });
    this.description = cutDescription(fields.description ?? '');
    this.dependsOn = Object.freeze([...(fields.dependsOn ?? [])]);
    this.interruptible = fields.interruptible ?? false;
    this.annotations = Object.freeze({ ...fields.annotations });
    this.serviceAccount = fields.serviceAccount;
    this.queue = fields.queue;
    branded.mark(this);
    Object.freeze(this);
  }

  /** Whether a value is a TaskEnvironment, of this copy of the library or of another one in the same process. */
  static is(value: unknown): value is TaskEnvironment {
    return branded.is(value);
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return TaskEnvironment.is(value);
  }

  /** Another environment of another name that differs in what is given; undefined leaves a field as it is. */
  cloneWith(fields: TaskEnvironmentFields): TaskEnvironment {
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
    const own = Object.fromEntries(FIELDS.map((field) => [field, this[field]]));
    return new TaskEnvironment({ ...own, ...given, name: fields.name });
  }
}

/** What is wrong with an environment's name, to put behind it; undefined where nothing is. */
export function environmentNameProblem(name: unknown): string | undefined {
  if (typeof name !== 'string' || !NAME.test(name)) {
    return `is ${quoted(name)}; write it in snake_case or kebab-case, with lower-case letters and digits: "my-tasks"`;
  }
  return name.length > MAX_NAME ? `has ${name.length} characters, more than ${MAX_NAME}` : undefined;
}

/** What is wrong with a queue's name, to put behind the name of the option; undefined where nothing is. */
export function queueProblem(queue: unknown): string | undefined {
  return queue === undefined || (typeof queue === 'string' && /^\S+$/.test(queue))
    ? undefined
    : 'takes a name without blanks';
}

/** @returns the pod template */
function check(fields: TaskEnvironmentFields): TaskEnvironment['podTemplate'] {
  if (typeof fields !== 'object' || fields === null) {
    throw wrong([`takes an object, and was given ${quoted(fields)}; a valid example: { name: "my-tasks" }`]);
  }
  const { name, image, resources, envVars, description, dependsOn, interruptible, serviceAccount } = fields;
  const nameProblem = environmentNameProblem(name);
  const accountProblem = serviceAccount === undefined ? undefined : objectNameProblem(serviceAccount);
  const wrongQueue = queueProblem(fields.queue);
  const podProblems: string[] = [];
  const podTemplate = checkedPodTemplate(fields.podTemplate, podProblems);
  const problems = [
    ...(nameProblem === undefined ? [] : [`field name ${nameProblem}`]),
    ...Object.keys(fields)
      .filter((field) => !FIELDS.some((known) => known === field))
      .map((field) => `has no field ${quoted(field)}. Its fields are ${FIELDS.join(', ')}`),
    ...(imageProblem(image) ?? []),
    ...(resources === undefined ? [] : resourcesProblems(resources).map((problem) => `field resources.${problem}`)),
    ...envVarProblems(envVars).map((problem) => `field envVars ${problem}`),
    ...(description === undefined || typeof description === 'string' ? [] : ['field description takes text']),
    ...(interruptible === undefined || typeof interruptible === 'boolean'
      ? []
      : ['field interruptible takes true or false']),
    ...(dependsOn === undefined || (Array.isArray(dependsOn) && dependsOn.every((one) => TaskEnvironment.is(one)))
      ? []
      : ['field dependsOn takes a list of TaskEnvironment']),
    ...podProblems.map((problem) => `field podTemplate ${problem}`),
    ...annotationProblems(fields.annotations).map((problem) => `field annotations ${problem}`),
    ...(accountProblem === undefined ? [] : [`field serviceAccount ${accountProblem}`]),
    ...(wrongQueue === undefined ? [] : [`field queue ${wrongQueue}`]),
  ];
  if (problems.length > 0) throw wrong(problems);
  return podTemplate;
}

function imageProblem(image: unknown): string[] | undefined {
  if (image === undefined) return undefined;
  if (typeof image === 'string') return image.trim() === '' ? ['field image is empty; leave it out'] : undefined;
  if (typeof image === 'object' && image !== null && 'fullName' in image) return undefined;
  return ['field image takes the name of an image, or an Image'];
}

function wrong(problems: readonly string[]): FlyteError {
  return new FlyteError('invalid_configuration', problems.map((problem) => `TaskEnvironment ${problem}.`).join('\n'));
}
