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
import type { SqlRow, SqlStatement } from '../state/sql.js';
import { storedMessage } from '../state/stored-message.js';
import type { Page } from './page.js';

/** The deployed tasks in the plane's database. */
export class TaskStore {
  /** @param database the plane's database */
  constructor(private readonly database: LocalDatabase) {}

  /** Adds a version of a task, or replaces it. */
  put(id: TaskIdentifier, spec: TaskSpec, deployedBy: EnrichedIdentity): void {
    const now = new Date();
    const details = create(TaskDetailsSchema, {
      taskId: id,
      spec,
      metadata: create(TaskMetadataSchema, {
        deployedBy,
        deployedAt: timestampFromDate(now),
        shortName: spec.shortName,
        environmentName: spec.environment?.name ?? '',
        shortDescription: spec.documentation?.shortDescription ?? '',
      }),
    });
    const subject = deployedBy.principal.case === 'user' ? (deployedBy.principal.value.id?.subject ?? '') : '';
    // A new sequence: the version that was deployed last is the latest, also when it was there before.
    this.database.run(
      `INSERT OR REPLACE INTO tasks (project, domain, name, version, environment, deployed_by, deployed_at, message)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        ...[id.project, id.domain, id.name, id.version],
        ...[spec.environment?.name ?? '', subject, now.toISOString(), toBinary(TaskDetailsSchema, details)],
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

  /** A page of the versions of one task. */
  versions({ project, domain, name }: TaskName, page: Page): TaskDetails[] {
    return this.#page([['project = ? AND domain = ? AND name = ?', [project, domain, name]]], page);
  }

  /** A page of tasks, each in the version that was deployed last. */
  latest(conditions: readonly SqlStatement[], page: Page): TaskDetails[] {
    return this.#page([[LATEST], ...conditions], page);
  }

  /** How many tasks there are, versions not counted. */
  count(conditions: readonly SqlStatement[]): number {
    const { where, parameters } = joined([[LATEST], ...conditions]);
    return Number(this.database.get(`SELECT count(*) AS total FROM tasks WHERE ${where}`, parameters)?.['total']);
  }

  #page(conditions: readonly SqlStatement[], { limit, offset, order }: Page): TaskDetails[] {
    const { where, parameters } = joined(conditions);
    const sql = `SELECT name, version, message FROM tasks WHERE ${where} ORDER BY ${order} LIMIT ? OFFSET ?`;
    return this.database.all(sql, [...parameters, limit, offset]).map(toDetails);
  }
}

const LATEST = 'sequence IN (SELECT max(sequence) FROM tasks GROUP BY project, domain, name)';

function joined(conditions: readonly SqlStatement[]) {
  return {
    where: conditions.map(([sql]) => `(${sql})`).join(' AND '),
    parameters: conditions.flatMap(([, values]) => values ?? []),
  };
}

function toDetails(row: SqlRow): TaskDetails {
  const what = `The record of the task ${JSON.stringify(row['name'])} in version ${JSON.stringify(row['version'])}`;
  const remedy = "Deploy that version again, which replaces it, or delete its row of the database's table `tasks`.";
  return storedMessage(TaskDetailsSchema, row, 'message', what, remedy);
}
