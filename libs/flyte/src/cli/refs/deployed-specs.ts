import { FlyteError } from '../../errors/flyte-error.js';
import type { TaskSpec } from '../../gen/flyteidl2/task/task_definition_pb.js';
import type { TaskService } from '../../remote/tasks/task.service.js';

/** How many tasks are asked for at a time. */
const AT_A_TIME = 8;

/** Which tasks. */
export interface WantedTasks {
  /** Full names; all that Flyte knows where there are none. */
  readonly names: readonly string[];
  /** The version of each; its latest if not given. */
  readonly version: string | undefined;
  /** Only those of this environment. */
  readonly environment: string | undefined;
}

/**
 * The specifications of deployed tasks.
 *
 * @throws FlyteError `not_found` where one that is named is not there, or where there is none at all
 */
export async function deployedSpecs(tasks: TaskService, wanted: WantedTasks, signal: AbortSignal): Promise<TaskSpec[]> {
  const { names, version, environment } = wanted;
  const isNamed = names.length > 0;
  const found = isNamed ? [...new Set(names)].map((name) => ({ name, version: 'latest' })) : await listed();
  const specs: TaskSpec[] = [];
  for (let at = 0; at < found.length; at += AT_A_TIME) {
    const some = found.slice(at, at + AT_A_TIME).map((task) => specOf(task.name, version ?? task.version));
    // oxlint-disable-next-line no-await-in-loop -- Flyte is not to get all of them at once
    specs.push(...(await Promise.all(some)).flatMap((spec) => spec ?? []));
  }
  if (specs.length > 0) return specs;
  const which =
    (version === undefined ? '' : ` in version ${version}`) + (environment === undefined ? '' : ` of ${environment}`);
  throw new FlyteError('not_found', `Flyte knows no task${which} here: see "npx --no-install nestjs-flyte get tasks".`);

  async function listed(): Promise<{ name: string; version: string }[]> {
    const all: { name: string; version: string }[] = [];
    for await (const task of tasks.list({ signal })) {
      if (environment === undefined || environmentOf(task) === environment) all.push(task);
    }
    return all;
  }

  async function specOf(name: string, wantedVersion: string): Promise<TaskSpec | undefined> {
    try {
      const { spec } = await tasks.get(name, { version: wantedVersion, signal });
      if (spec !== undefined) return spec;
    } catch (error) {
      // Of all tasks, those count that have the version.
      if (!isNamed && version !== undefined && FlyteError.is(error) && error.code === 'not_found') return undefined;
      throw error;
    }
    throw new FlyteError('internal', `Flyte gave no specification of ${name}.`);
  }
}

function environmentOf({ name, environment }: { readonly name: string; readonly environment: string }): string {
  return environment === '' ? name.slice(0, Math.max(0, name.lastIndexOf('.'))) : environment;
}
