import { Code, ConnectError, type ContextValues } from '@connectrpc/connect';
import type { ProjectIdentifier } from 'nestjs-flyte/idl/common/identifier';
import type { TaskIdentifier, TaskDetails, TaskName } from 'nestjs-flyte/idl/task/task_definition';
import { TaskService, type ListTasksRequest } from 'nestjs-flyte/idl/task/task_service';
import { callerOf, requireCaller, requireProject } from '../calls/caller-context.js';
import { identityOf } from '../runs/new-action.js';
import { TASK_COLUMNS, VERSION_COLUMNS } from '../runs/list-columns.js';
import { pageOf, parsePage } from '../runs/page.js';
import type { SqlStatement } from '../state/sql.js';
import { cutDescriptions } from './cut-descriptions.js';
import { replaceTriggers, triggersOfTask } from './deploy-trigger.js';
import type { PlaneService } from './plane-service.js';
import { requireExistingProject } from './project-check.js';
import { requireTaskModule } from './task-module.js';
import { requireTaskSecrets } from './task-secrets.js';
import { withTriggers } from './triggers-summary.js';

/** Deployed tasks, with the semantics of Flyte's open-source backend. */
export const taskService: PlaneService = {
  register(router, { engine, database, workingDirectory, triggers: { store, scheduler } }) {
    const { tasks } = engine;
    router.service(TaskService, {
      deployTask({ taskId, spec, triggers }, { values }) {
        const id = requireTaskId(taskId);
        requireExistingProject(values, database, id.project);
        if (spec?.taskTemplate === undefined) throw invalid('The request has no spec with a task template.');
        const caller = requireCaller(values);
        const deployed = triggersOfTask(id, triggers);
        requireTaskModule(spec, workingDirectory);
        requireTaskSecrets(spec);
        cutDescriptions(spec);
        database.transaction(() => {
          tasks.put(id, spec, identityOf(caller));
          replaceTriggers(store, id, deployed, caller);
        });
        scheduler.refresh();
        return {};
      },
      getTaskDetails({ taskId }, { values }) {
        const id = requireTaskId(taskId);
        requireProject(values, id.project);
        const details = tasks.get(id);
        if (details === undefined) throw taskNotFound(id);
        return { details: { ...details, metadata: withTriggers(store, details) } };
      },
      listTasks(request, { values }) {
        const page = parsePage(request.request, TASK_COLUMNS);
        const conditions = taskConditions(request, values);
        const filters = [...knownFilters(request), ...page.filters];
        const { items, token } = pageOf(page, tasks.latest([...conditions, ...filters], page));
        return {
          tasks: items.map((item) => ({ taskId: item.taskId, metadata: withTriggers(store, item) })),
          token,
          metadata: { total: tasks.count(conditions), filteredTotal: tasks.count([...conditions, ...filters]) },
        };
      },
      listVersions({ request, taskName }, { values }) {
        const name = requireTaskName(taskName);
        requireProject(values, name.project);
        const page = parsePage(request, VERSION_COLUMNS);
        const { items, token } = pageOf(page, tasks.versions(name, page));
        return { versions: items.map(toVersion), token };
      },
    });
  },
};

/** The error of a task that is not deployed. */
export function taskNotFound({ project, domain, name, version }: TaskIdentifier): ConnectError {
  const where = `${JSON.stringify(project)}, domain ${JSON.stringify(domain)}`;
  return new ConnectError(
    `There is no task ${JSON.stringify(name)} in version ${JSON.stringify(version)} in project ${where}.`,
    Code.NotFound,
  );
}

/**
 * A task's identifier with all its parts.
 *
 * @throws ConnectError `invalid_argument`
 */
export function requireTaskId(id: TaskIdentifier | undefined): TaskIdentifier {
  requireTaskName(id);
  if (id === undefined || id.version === '') throw invalid("The request's task id has no version.");
  if (id.version.length > 63) throw invalid("A task's version has at most 63 characters.");
  return id;
}

type TaskNameParts = Pick<TaskName, 'project' | 'domain' | 'name' | 'org'>;

function requireTaskName<Name extends TaskNameParts>(id: Name | undefined): Name {
  if (id === undefined) throw invalid('The request names no task.');
  for (const part of ['project', 'domain', 'name'] as const) {
    if (id[part] === '') throw invalid(`The request's task has no ${part}.`);
  }
  if (id.name.length > 255) throw invalid("A task's name has at most 255 characters.");
  return id;
}

function taskConditions({ scopeBy }: ListTasksRequest, values: ContextValues): SqlStatement[] {
  return scopeBy.case === 'projectId' ? inProject(scopeBy.value, values) : ownProjects(values);
}

/**
 * The condition that a list shows one project's domain.
 *
 * @throws ConnectError `permission_denied` for a project that the caller's token may not see
 */
export function inProject({ name, domain }: ProjectIdentifier, values: ContextValues): SqlStatement[] {
  requireProject(values, name);
  return [['project = ? AND domain = ?', [name, domain]]];
}

/** The condition that a list over all projects shows those of the caller's token only. */
export function ownProjects(values: ContextValues): SqlStatement[] {
  const only = callerOf(values)?.projects;
  return only === undefined ? [] : [[`project IN (${Array.from(only, () => '?').join(', ')})`, [...only]]];
}

function knownFilters({ knownFilters: filters }: ListTasksRequest): SqlStatement[] {
  return filters.flatMap(({ filterBy }): SqlStatement[] => {
    switch (filterBy.case) {
      case 'deployedBy':
        return [['deployed_by = ?', [filterBy.value]]];
      case 'isEntrypoint':
        return [['is_entrypoint = ?', [Number(filterBy.value)]]];
      default:
        return [];
    }
  });
}

function toVersion({ taskId, metadata }: TaskDetails) {
  return { version: taskId?.version ?? '', deployedAt: metadata?.deployedAt };
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}
