import { Code, ConnectError, type ContextValues } from '@connectrpc/connect';
import { requireProject } from '../calls/caller-context.js';
import type { LocalDatabase } from '../state/local-database.js';
import { ProjectStore } from './project-store.js';

/**
 * Refuses a project that the caller may not touch, and one that does not exist, in this order.
 *
 * @throws ConnectError `permission_denied` or `not_found`
 */
export function requireExistingProject(values: ContextValues, database: LocalDatabase, project: string): void {
  requireProject(values, project);
  if (new ProjectStore(database).get(project) !== undefined) return;
  throw new ConnectError(`There is no project ${JSON.stringify(project)}.`, Code.NotFound);
}
