import { FlyteError } from '../errors/flyte-error.js';
import { quoted } from '../secrets/path-hazard.js';
import type { Secret } from '../secrets/secret.js';
import { type SecretRequest, secretsOf } from '../secrets/secret-request.js';
import { cutDescription } from './description.js';
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
}

const FIELDS = [
  ...(['name', 'secrets', 'image', 'resources', 'envVars'] as const),
  ...(['description', 'dependsOn', 'interruptible'] as const),
] satisfies (keyof TaskEnvironmentFields)[];
const NAME = /^[a-z0-9]+([_-][a-z0-9]+)*$/;
const MAX_NAME = 63;
const mark = Symbol.for('nestjs-flyte.TaskEnvironment');

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

  constructor(fields: TaskEnvironmentFields) {
    check(fields);
    this.name = fields.name;
    this.secrets = Object.freeze(secretsOf(fields.secrets));
    this.image = fields.image;
    this.resources = Object.freeze({ ...fields.resources });
    this.envVars = Object.freeze({ ...fields.envVars });
    this.description = cutDescription(fields.description ?? '');
    this.dependsOn = Object.freeze([...(fields.dependsOn ?? [])]);
    this.interruptible = fields.interruptible ?? false;
    Object.defineProperty(this, mark, { value: true });
    Object.freeze(this);
  }

  /** Whether a value is a TaskEnvironment, of this copy of the library or of another one in the same process. */
  static is(value: unknown): value is TaskEnvironment {
    return typeof value === 'object' && value !== null && mark in value;
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

function check(fields: TaskEnvironmentFields): void {
  if (typeof fields !== 'object' || fields === null) {
    throw wrong([`takes an object, and was given ${quoted(fields)}; a valid example: { name: "my-tasks" }`]);
  }
  const { name, image, resources, envVars, description, dependsOn, interruptible } = fields;
  const nameProblem = environmentNameProblem(name);
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
  ];
  if (problems.length > 0) throw wrong(problems);
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
