import type { ContextValues } from '@connectrpc/connect';
import type { ListRunsRequest, WatchRunsRequest } from 'nestjs-flyte/idl/workflow/run_service';
import { requireProject } from '../calls/caller-context.js';
import type { SqlStatement } from '../state/sql.js';
import { inProject, ownProjects } from './task-service.js';

/**
 * The conditions of the runs that a request is about, of those that the caller's token may see.
 *
 * @throws ConnectError `permission_denied`
 */
export function runConditions(
  by: ListRunsRequest['scopeBy'] | WatchRunsRequest['target'],
  values: ContextValues,
): SqlStatement[] {
  return [["parent = ''"], ...ofWhat(by, values)];
}

function ofWhat(by: ListRunsRequest['scopeBy'] | WatchRunsRequest['target'], values: ContextValues): SqlStatement[] {
  switch (by.case) {
    case 'projectId':
      return inProject(by.value, values);
    case 'taskName':
    case 'taskId': {
      const { project, domain, name } = by.value;
      const ofTask: SqlStatement = ['task_project = ? AND task_domain = ? AND task_name = ?', [project, domain, name]];
      const version: SqlStatement[] = by.case === 'taskId' ? [['task_version = ?', [by.value.version]]] : [];
      return [ofTask, ...version, ...ownProjects(values)];
    }
    case 'triggerName': {
      const { project, domain, taskName, name } = by.value;
      requireProject(values, project);
      const sql = 'project = ? AND domain = ? AND trigger_task_name = ? AND trigger_name = ?';
      return [[sql, [project, domain, taskName, name]]];
    }
    default:
      return ownProjects(values);
  }
}
