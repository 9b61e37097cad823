import { create, toBinary } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { EnrichedIdentity } from 'nestjs-flyte/idl/common/identity';
import {
  TaskDetailsSchema,
  TaskMetadataSchema,
  type TaskDetails,
  type TaskIdentifier,
  type TaskName,
  type TaskSpec,
} from 'nestjs-flyte/idl/task/task_definition';
import type { LocalDatabase } from '../state/local-database.js';
import { joined, type SqlRow, type SqlStatement } from '../state/sql.js';
import { storedMessage } from '../state/stored-message.js';
import type { ListQuery, Page } from './page.js';

/** The deployed tasks in the plane's database. */
export class TaskStore {
  /** @param database the plane's database */
  constructor(private readonly database: LocalDatabase) {}

  /** Adds a version of a task, or replaces it: then it was created as long ago as before, as upstream has it. */
  put(id: TaskIdentifier, spec: TaskSpec, deployedBy: EnrichedIdentity): void {
    const now = new Date();
    const created = this.#createdAt(id) ?? now;
    const { environment, documentation } = spec;
    const details = create(TaskDetailsSchema, {
      taskId: id,
      spec,
      metadata: create(TaskMetadataSchema, {
        deployedBy,
        deployedAt: timestampFromDate(created),
        shortName: spec.shortName,
        environmentName: environment?.name ?? '',
        shortDescription: documentation?.shortDescription ?? '',
      }),
    });
    const subject = deployedBy.principal.case === 'user' ? (deployedBy.principal.value.id?.subject ?? '') : '';
    this.database.run(
      `INSERT INTO tasks (project, domain, name, version, created_at, environment, function_name, deployed_by, env_description,
         short_description, is_entrypoint, deployed_at, message)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (project, domain, name, version) DO UPDATE SET
         environment = excluded.environment, function_name = excluded.function_name, deployed_by = excluded.deployed_by,
         env_description = excluded.env_description, short_description = excluded.short_description, is_entrypoint = excluded.is_entrypoint,
         deployed_at = excluded.deployed_at, message = excluded.message`,
      [
        ...[id.project, id.domain, id.name, id.version, created.toISOString(), environment?.name ?? ''],
        ...[functionOf(id.name, environment?.name ?? ''), subject, environment?.description ?? ''],
        ...[documentation?.shortDescription ?? '', Number(spec.taskTemplate?.metadata?.isEntrypoint ?? false)],
        ...[now.toISOString(), toBinary(TaskDetailsSchema, details)],
      ],
    );
  }

  /** One version of a task. */
  get({ project, domain, name, version }: TaskIdentifier): TaskDetails | undefined {
    const sql =
      'SELECT name, version, message FROM tasks WHERE project = ? AND domain = ? AND name = ? AND version = ?';
    const row = this.database.get(sql, [project, domain, name, version]);
    return row === undefined ? undefined : toDetails(row);
  }

  /** Of the column, since what replaces a damaged record must not need to read it. */
  #createdAt({ project, domain, name, version }: TaskIdentifier): Date | undefined {
    const sql = 'SELECT created_at FROM tasks WHERE project = ? AND domain = ? AND name = ? AND version = ?';
    const created = new Date(String(this.database.get(sql, [project, domain, name, version])?.['created_at']));
    return Number.isNaN(created.getTime()) ? undefined : created;
  }

  /** A page of the versions of one task, and one more where there is more. */
  versions({ project, domain, name }: TaskName, { filters, ...page }: ListQuery): TaskDetails[] {
    return this.#page([['project = ? AND domain = ? AND name = ?', [project, domain, name]], ...filters], page);
  }

  /** A page of tasks, and one more where there is more; each in the version that was created last of those that are asked for. */
  latest(conditions: readonly SqlStatement[], page: Page): TaskDetails[] {
    return this.#page([latestOf(conditions)], page);
  }

  /** How many tasks there are, versions not counted. */
  count(conditions: readonly SqlStatement[]): number {
    const [where, parameters] = latestOf(conditions);
    return Number(this.database.get(`SELECT count(*) AS total FROM tasks WHERE ${where}`, parameters)?.['total']);
  }

  #page(conditions: readonly SqlStatement[], { limit, offset, order }: Page): TaskDetails[] {
    const [where, parameters = []] = joined(conditions);
    const sql = `SELECT name, version, message FROM tasks WHERE ${where} ORDER BY ${order} LIMIT ? OFFSET ?`;
    // SQLite reads a negative limit as none.
    return this.database.all(sql, [...parameters, limit < 0 ? -1 : limit + 1, offset]).map(toDetails);
  }
}

function latestOf(conditions: readonly SqlStatement[]): SqlStatement {
  const [where, parameters] = joined(conditions);
  return [`sequence IN (SELECT max(sequence) FROM tasks WHERE ${where} GROUP BY project, domain, name)`, parameters];
}

/** The name without its environment. */
function functionOf(name: string, environment: string): string {
  const prefix = `${environment}.`;
  return environment !== '' && name.startsWith(prefix)
    ? name.slice(prefix.length)
    : name.slice(name.lastIndexOf('.') + 1);
}

function toDetails(row: SqlRow): TaskDetails {
  const what = `The record of the task ${JSON.stringify(row['name'])} in version ${JSON.stringify(row['version'])}`;
  const remedy = "Deploy that version again, which replaces it, or delete its row of the database's table `tasks`.";
  return storedMessage(TaskDetailsSchema, row, 'message', what, remedy);
}
