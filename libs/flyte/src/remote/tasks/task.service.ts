import { timestampDate } from '@bufbuild/protobuf/wkt';
import { createClient, type Transport } from '@connectrpc/connect';
import { FlyteError } from '../../errors/flyte-error.js';
import { Sort_Direction } from '../../gen/flyteidl2/common/list_pb.js';
import type { Task, TaskSpec } from '../../gen/flyteidl2/task/task_definition_pb.js';
import { TaskService as Tasks } from '../../gen/flyteidl2/task/task_service_pb.js';
import type { TaskDefinition } from '../../tasks/task-definition.js';
import { definedTask } from '../../tasks/task-definition.js';
import { taskMetadata, type TaskClass } from '../../tasks/task-metadata.js';
import { taskNameProblem, versionProblem } from '../../tasks/task-ref.js';
import type { CallOptions } from '../connection/call-options.js';
import { PAGE_SIZE, pages } from '../connection/pages.js';
import { deployTasks, specifyTasks } from './deploy-tasks.js';
import { projectIdOf, type ProjectId, type PartialProjectId } from '../options/project-id.js';
import type { TaskDefaults } from './task-defaults.js';

/** A task that was deployed to Flyte. */
export class DeployedTask {
  /** Its full name: `<environment>.<method>`. */
  readonly name: string = '';
  readonly version: string = '';
  readonly project: string = '';
  readonly domain: string = '';
  readonly shortName: string = '';
  readonly environment: string = '';
  readonly description: string = '';
  readonly deployedAt: Date | undefined = undefined;
  /** All that Flyte runs it by; undefined in lists. */
  readonly spec: TaskSpec | undefined = undefined;
}

/** A version of a task. */
export interface TaskVersion {
  readonly version: string;
  readonly deployedAt: Date | undefined;
}

/** Options of calls about tasks. */
export interface TaskCallOptions extends CallOptions {
  /** The project, in place of the client's. */
  readonly project?: string;
  /** The domain, in place of the client's. */
  readonly domain?: string;
}

/** Options of {@link TaskService.deploy}. */
export interface DeployOptions extends TaskCallOptions {
  /** The version to deploy as, in place of the module's option `tasks.version`. */
  readonly version?: string;
}

/** Options of lists of tasks. */
export interface ListTasksOptions extends TaskCallOptions {
  /** How many tasks one call to Flyte brings. 100 if not given. */
  readonly pageSize?: number;
}

/** The tasks that Flyte knows. The Python SDK's `flyte.deploy` and `flyte.remote.Task`. */
export abstract class TaskService {
  /**
   * Makes tasks of this app known to Flyte with their triggers, in place of what it knows under the same version. A task that declares
   * triggers loses those that it declares no longer; one that declares none keeps those that it had, as upstream has it.
   *
   * @param classes whose tasks; with them those of every environment that theirs depend on. All of the app's if left out
   * @throws FlyteError `misuse` without the module's option `tasks.module`; `invalid_configuration` for a wrong task, and
   * for one whose image a cluster would not know; `invalid_argument` for a trigger whose inputs don't fit its task
   */
  abstract deploy(classes?: readonly TaskClass[], options?: DeployOptions): Promise<DeployedTask[]>;
  /**
   * One task.
   *
   * @param version `latest`, the one deployed last, if not given
   * @throws FlyteError `not_found`
   */
  abstract get(name: string, options?: TaskCallOptions & { readonly version?: string }): Promise<DeployedTask>;
  /** The latest version of every task, page after page as they are read, each page as the caller of `list`. */
  abstract list(options?: ListTasksOptions): AsyncIterable<DeployedTask>;
  /** The versions of a task, the one deployed last first. */
  abstract versions(name: string, options?: ListTasksOptions): AsyncIterable<TaskVersion>;
}

const NEWEST_FIRST = { sortBy: { key: 'created_at', direction: Sort_Direction.DESCENDING } };

/** The service over a transport that adds the caller. */
export function createTaskService(transport: Transport, defaults: PartialProjectId, tasks: TaskDefaults): TaskService {
  const client = createClient(Tasks, transport);
  const place = (what: string, { project, domain }: TaskCallOptions): ProjectId =>
    projectIdOf(what, { org: defaults.org, project: project ?? defaults.project, domain: domain ?? defaults.domain });
  const versions = (taskName: ProjectId & { readonly name: string }, limit: number, options: CallOptions) =>
    pages(async (token) => {
      const request = { taskName, request: { limit, token, ...NEWEST_FIRST } };
      const { versions: found, token: next } = await client.listVersions(request, options);
      const items = found.map(({ version, deployedAt }) => ({
        version,
        deployedAt: deployedAt && timestampDate(deployedAt),
      }));
      return { items, next };
    });
  const latest = async (taskName: ProjectId & { readonly name: string }, options: CallOptions): Promise<string> => {
    for await (const { version } of versions(taskName, 1, options)) return version;
    const { name, project, domain } = taskName;
    throw new FlyteError('not_found', `The task ${JSON.stringify(name)} has no version in ${project}/${domain}.`);
  };
  return {
    async deploy(classes, { project, domain, version = tasks.version, ...options } = {}) {
      const target = { ...place('TaskService.deploy', { project, domain }), version: checkVersion(version) };
      const module = moduleOf(tasks);
      const deployed = await specifyTasks(tasksOf(classes, tasks), tasks.images, { ...target, module });
      await deployTasks(transport, deployed, options);
      return deployed.map(({ task, spec }) =>
        Object.assign(new DeployedTask(), {
          ...{ name: task.name, version, project: target.project, domain: target.domain },
          ...{ shortName: task.shortName, environment: task.environment.name },
          ...{ description: task.settings.description, spec },
        }),
      );
    },
    async get(name, { project, domain, version = 'latest', ...options } = {}) {
      const taskName = { ...place('TaskService.get', { project, domain }), name: checkName(name) };
      const found = version === 'latest' ? await latest(taskName, options) : checkVersion(version);
      const taskId = { ...taskName, version: found };
      const { details } = await client.getTaskDetails({ taskId }, options);
      if (!details) throw new FlyteError('internal', `Flyte answered without the task ${JSON.stringify(name)}.`);
      return Object.assign(toDeployedTask(details), { spec: details.spec });
    },
    list({ project, domain, pageSize: limit = PAGE_SIZE, ...options } = {}) {
      const { org: organization, ...id } = place('TaskService.list', { project, domain });
      const scopeBy = { case: 'projectId' as const, value: { organization, name: id.project, domain: id.domain } };
      return pages(async (token) => {
        const answer = await client.listTasks({ scopeBy, request: { limit, token } }, options);
        return { items: answer.tasks.map(toDeployedTask), next: answer.token };
      });
    },
    versions(name, { project, domain, pageSize = PAGE_SIZE, ...options } = {}) {
      const taskName = { ...place('TaskService.versions', { project, domain }), name: checkName(name) };
      return versions(taskName, pageSize, options);
    },
  };
}

/**
 * The module that a TaskSpec of this app names.
 *
 * @throws FlyteError `misuse` if the app names none
 */
export function moduleOf({ module }: TaskDefaults): string {
  if (module !== undefined) return module;
  throw new FlyteError(
    'misuse',
    'FlyteModule does not know which module provides the tasks. Give it the option "tasks.module", such as ' +
      '"./dist/src/tasks.module.js#TasksModule".',
  );
}

/** Tasks of classes, and of every environment that theirs depend on, at any remove. */
function tasksOf(classes: readonly TaskClass[] | undefined, tasks: TaskDefaults): readonly TaskDefinition[] {
  if (classes === undefined) return tasks.registry.all();
  const found = classes.flatMap((type) => {
    const methods = taskMetadata.methods(type);
    if (methods.length === 0) throw new FlyteError('misuse', `TaskService.deploy: ${type.name} has no @Task.`);
    return methods.map((method) => definedTask(type, method, tasks.defaultEnvironment));
  });
  const wanted = new Set(found.flatMap(({ environment }) => environment.dependsOn));
  for (const environment of wanted) for (const other of environment.dependsOn) wanted.add(other);
  const more = wanted.size === 0 ? [] : tasks.registry.all().filter(({ environment }) => wanted.has(environment));
  return [...found, ...more.filter(({ name }) => !found.some((task) => task.name === name))];
}

function checkName(name: string): string {
  const problem = taskNameProblem(name);
  if (problem !== undefined) throw new FlyteError('invalid_argument', `${JSON.stringify(name)} ${problem}.`);
  return name;
}

/** @throws FlyteError `invalid_argument` for what can't be a version */
export function checkVersion(version: string): string {
  const problem = versionProblem(version);
  if (problem !== undefined) throw new FlyteError('invalid_argument', `The task ${problem}.`);
  return version;
}

function toDeployedTask({ taskId, metadata }: Pick<Task, 'taskId' | 'metadata'>): DeployedTask {
  return Object.assign(new DeployedTask(), {
    name: taskId?.name ?? '',
    version: taskId?.version ?? '',
    project: taskId?.project ?? '',
    domain: taskId?.domain ?? '',
    shortName: metadata?.shortName ?? '',
    environment: metadata?.environmentName ?? '',
    description: metadata?.shortDescription ?? '',
    deployedAt: metadata?.deployedAt && timestampDate(metadata.deployedAt),
  });
}
