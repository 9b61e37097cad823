import type { StandardSchemaV1 } from '@standard-schema/spec';
import { FlyteError } from '../errors/flyte-error.js';
import { TaskCodec } from '../literals/task-codec.js';
import { variablesOf } from '../literals/variables.js';
import { quoted } from '../protocol/path-hazard.js';
import type { Secret } from '../secrets/secret.js';
import { secretsOf } from '../secrets/secret-request.js';
import { joinSecrets, secretClashes } from './secret-claims.js';
import { TaskEnvironment } from './task-environment.js';
import { taskMetadata, type TaskClass, type TaskDeclaration } from './task-metadata.js';
import { taskNameProblem, type TaskRef } from './task-ref.js';
import { settingsOf, type TaskSettings } from './task-settings.js';
import { triggerInputProblems } from './trigger-settings.js';

/** Turns inputs and outputs of any task into literals and back. */
export type AnyTaskCodec = TaskCodec<unknown, unknown, unknown, unknown>;

/** A task that this app implements: what `@Task` and `@Tasks` said, with every default filled in. */
export interface TaskDefinition {
  /** Its full name: `<environment>.<method>`, or that of the contract it implements. */
  readonly name: string;
  /** What Flyte shows. */
  readonly shortName: string;
  /** Where it runs. */
  readonly environment: TaskEnvironment;
  /** Every secret it receives. */
  readonly secrets: readonly Secret[];
  readonly settings: TaskSettings;
  readonly codec: AnyTaskCodec;
  /** The class, which is also the token of its provider. */
  readonly type: TaskClass;
  /** The method. */
  readonly method: string;
}

const FUNCTION = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const MAX_SHORT_NAME = 63;

/** The environment of tasks that name none, where the module names none either. */
export const DEFAULT_ENVIRONMENT = new TaskEnvironment({ name: 'default' });

/**
 * One task, or everything that is wrong with it, each line naming the method.
 *
 * @param defaultEnvironment for a task of which neither class nor method names one
 */
export function defineTask(
  type: TaskClass,
  method: string,
  defaultEnvironment: TaskEnvironment = DEFAULT_ENVIRONMENT,
): { readonly task?: TaskDefinition | undefined; readonly problems: readonly string[] } {
  const declaration = taskMetadata.task(type, method);
  if (!declaration) return { problems: [`${type.name} has no task ${quoted(method)}.`] };
  const { options, ref } = declaration;
  const environment = options.env ?? taskMetadata.environment(type) ?? defaultEnvironment;
  const at = `Task ${type.name}.${method}`;
  if (!TaskEnvironment.is(environment)) return { problems: [`${at}: option "env" takes a TaskEnvironment.`] };
  const optionProblems: string[] = [];
  const settings = settingsOf(options, environment, optionProblems);
  const name = ref?.name ?? `${environment.name}.${options.name ?? method}`;
  const problems = [
    ...optionProblems.map((problem) => `option ${problem}`),
    ...nameProblems(declaration, method, name),
  ];
  const secrets = secretsOrProblem(declaration, environment, problems);
  problems.push(...secretClashes(secrets, settings.envVars));
  const schemas = schemasOf(ref ?? options);
  problems.push(...schemaProblems(schemas));
  if (problems.length === 0) {
    problems.push(...cacheProblems(settings, schemas), ...triggerInputProblems(settings.triggers, schemas.inputs));
  }
  if (problems.length > 0) return { problems: problems.map((problem) => `${at}: ${problem.replace(/\.$/, '')}.`) };
  return {
    problems: [],
    task: {
      ...{ name, environment, secrets, settings, type, method },
      shortName: options.shortName ?? name.slice(name.lastIndexOf('.') + 1).slice(0, MAX_SHORT_NAME),
      codec: new TaskCodec(schemas),
    },
  };
}

/**
 * The same, where there is no other task to tell of.
 *
 * @throws FlyteError `invalid_configuration` with everything that is wrong
 */
export function definedTask(type: TaskClass, method: string, defaultEnvironment?: TaskEnvironment): TaskDefinition {
  const { task, problems } = defineTask(type, method, defaultEnvironment);
  if (!task) throw new FlyteError('invalid_configuration', problems.join('\n'));
  return task;
}

/**
 * The codec of a contract.
 *
 * @throws FlyteError `invalid_configuration` where Flyte cannot express its schemas
 */
export function codecOfRef(ref: TaskRef): AnyTaskCodec {
  const problems = refProblems(ref);
  if (problems.length > 0) throw new FlyteError('invalid_configuration', problems.join('\n'));
  return new TaskCodec(schemasOf(ref));
}

/** What is wrong with the schemas of a contract. */
export function refProblems(ref: TaskRef): string[] {
  return schemaProblems(schemasOf(ref)).map((problem) => `taskRef ${ref.name}: ${problem.replace(/\.$/, '')}.`);
}

interface Schemas {
  readonly inputs: StandardSchemaV1<unknown, unknown> | undefined;
  readonly outputs: StandardSchemaV1<unknown, unknown> | undefined;
}

function schemasOf({ inputs, outputs }: { readonly inputs?: unknown; readonly outputs?: unknown }): Schemas {
  return { inputs, outputs } as Schemas;
}

function schemaProblems(schemas: Schemas): string[] {
  const notSchemas = (['inputs', 'outputs'] as const).filter((side) => {
    const schema: unknown = schemas[side];
    const mayBe = (typeof schema === 'object' && schema !== null) || typeof schema === 'function';
    return schema !== undefined && !(mayBe && '~standard' in schema);
  });
  if (notSchemas.length > 0) {
    return notSchemas.map((side) => `option "${side}" takes a Standard Schema, such as z.object({ text: z.string() })`);
  }
  return [...TaskCodec.problems(schemas)];
}

function cacheProblems({ cache }: TaskSettings, { inputs }: Schemas): string[] {
  if (!cache?.ignoredInputs) return [];
  const { list } = variablesOf(inputs, 'inputs');
  const unknown = cache.ignoredInputs.filter((name) => !list.some((variable) => variable.name === name));
  return unknown.map((name) => `option "cache.ignoredInputs": there is no input ${quoted(name)}`);
}

function nameProblems({ options, ref }: TaskDeclaration, method: string, name: string): string[] {
  const problems: string[] = [];
  const own = options.name ?? method;
  if (!ref && (typeof own !== 'string' || !FUNCTION.test(own))) {
    const what = options.name === undefined ? 'the method' : 'option "name"';
    problems.push(
      `${what} ${quoted(own)} can't be part of a task's name; give the option "name" letters, digits, _ and -, such as "sign"`,
    );
  }
  const problem = taskNameProblem(name);
  if (problem !== undefined) problems.push(`its name ${quoted(name)} ${problem}`);
  if (
    typeof options.shortName === 'string' &&
    (options.shortName === '' || options.shortName.length > MAX_SHORT_NAME)
  ) {
    problems.push(`option "shortName" takes 1 to ${MAX_SHORT_NAME} characters`);
  }
  return problems;
}

function secretsOrProblem({ options }: TaskDeclaration, environment: TaskEnvironment, problems: string[]): Secret[] {
  try {
    return joinSecrets(environment.secrets, secretsOf(options.secrets));
  } catch (error) {
    if (!FlyteError.is(error)) throw error;
    problems.push(`option "secrets": ${error.message}`);
    return [...environment.secrets];
  }
}
