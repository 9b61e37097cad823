import { create, toBinary } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { TriggerAutomationSpecType } from 'nestjs-flyte/idl/task/common';
import { RunSpecSchema, type RunSpec } from 'nestjs-flyte/idl/task/run';
import { ActionDetailsSchema, RunSource, type ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import type { LocalDatabase } from '../state/local-database.js';
import { joined, type SqlRow, type SqlStatement, type SqlValue } from '../state/sql.js';
import { storedMessage } from '../state/stored-message.js';
import type { ActionFeed } from './action-feed.js';
import { actionKeyOf, type ActionKey } from './action-id.js';
import { isOpen } from './action-record.js';
import type { Page } from './page.js';

/** The actions in the plane's database: roots of runs, and what they called. Every change is stored before anybody hears of it. */
export class ActionStore {
  /**
   * @param database the plane's database
   * @param feed is told of each change
   */
  constructor(
    private readonly database: LocalDatabase,
    private readonly feed: ActionFeed,
  ) {}

  /**
   * Adds an action; false if it exists.
   *
   * @param also is stored with it, or not at all
   */
  create(details: ActionDetails, runSpec: RunSpec, also?: () => void): boolean {
    const isNew =
      also === undefined
        ? this.#insert(details, runSpec)
        : this.database.transaction(() => {
            const inserted = this.#insert(details, runSpec);
            if (inserted) also();
            return inserted;
          });
    if (isNew) this.feed.publish(actionKeyOf(details.id), details);
    return isNew;
  }

  #insert(details: ActionDetails, runSpec: RunSpec): boolean {
    const { project, domain, run, name } = actionKeyOf(details.id);
    const task = details.metadata?.spec.case === 'task' ? details.metadata.spec.value.id : undefined;
    const identity = details.metadata?.executedBy?.principal;
    const now = new Date().toISOString();
    const source = details.metadata?.source ?? RunSource.UNSPECIFIED;
    const changes = this.database.run(
      `INSERT INTO actions (project, domain, run_name, name, phase, open, task_project, task_domain, task_name,
         task_version, created_by, created_at, updated_at, run_source, parent, action_group, action_type,
         trigger_task_name, trigger_name, trigger_revision, trigger_type, run_spec, message)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (project, domain, run_name, name) DO NOTHING`,
      [
        ...[project, domain, run, name, phaseOf(details), isOpen(details) ? 1 : 0],
        ...[task?.project ?? '', task?.domain ?? '', task?.name ?? '', task?.version ?? ''],
        identity?.case === 'user' ? (identity.value.id?.subject ?? '') : '',
        ...[now, now, `RUN_SOURCE_${RunSource[source] ?? source}`],
        ...[details.metadata?.parent ?? '', details.metadata?.group ?? '', details.metadata?.actionType ?? 0],
        ...triggerColumns(details),
        // Whatever a child has of it, its root has.
        toBinary(RunSpecSchema, runSpec),
        toBinary(ActionDetailsSchema, details),
      ],
    );
    return changes > 0;
  }

  /** One action. */
  get(key: ActionKey): ActionDetails | undefined {
    const row = this.database.get(`SELECT run_name, message FROM actions WHERE ${BY_KEY}`, valuesOf(key));
    return row === undefined ? undefined : toDetails(row);
  }

  /** What a run was asked to be besides its task. */
  runSpec(key: ActionKey): RunSpec {
    const row = this.database.get(`SELECT run_name, run_spec FROM actions WHERE ${BY_KEY}`, valuesOf(key));
    return row === undefined ? create(RunSpecSchema) : storedMessage(RunSpecSchema, row, 'run_spec', ...damage(row));
  }

  /**
   * Changes an action and tells its watchers.
   *
   * @param change alters the record; false leaves everything as it was
   * @returns the record, or undefined if there is no such action
   */
  update(key: ActionKey, change: (details: ActionDetails) => boolean | void): ActionDetails | undefined {
    const details = this.get(key);
    if (details === undefined || change(details) === false) return details;
    const { endTime, durationMs } = details.status ?? {};
    const columns = 'phase = ?, open = ?, updated_at = ?, ended_at = ?, duration_ms = ?, message = ?';
    this.database.run(`UPDATE actions SET ${columns} WHERE ${BY_KEY}`, [
      ...[phaseOf(details), isOpen(details) ? 1 : 0, new Date().toISOString()],
      endTime === undefined ? null : timestampDate(endTime).toISOString(),
      endTime === undefined || durationMs === undefined ? null : Number(durationMs),
      toBinary(ActionDetailsSchema, details),
      ...valuesOf(key),
    ]);
    this.feed.publish(key, details);
    return details;
  }

  /** What an action called, in the order in which it did. */
  children({ project, domain, run, name }: ActionKey): ActionDetails[] {
    const where = "project = ? AND domain = ? AND run_name = ? AND parent = ? AND parent != ''";
    return this.database
      .all(`SELECT run_name, message FROM actions WHERE ${where} ORDER BY sequence`, [project, domain, run, name])
      .map(toDetails);
  }

  /** All actions of a run, in the order in which they came to be. */
  ofRun({ project, domain, run }: ActionKey): ActionDetails[] {
    const where = 'project = ? AND domain = ? AND run_name = ?';
    return this.database
      .all(`SELECT run_name, message FROM actions WHERE ${where} ORDER BY sequence`, [project, domain, run])
      .map(toDetails);
  }

  /** What an action called, and what that did, that has not ended. */
  openBelow(key: ActionKey): ActionKey[] {
    const { project, domain, run } = key;
    // CROSS JOIN has SQLite take the tables in this order: in its own, it looked at the whole run for each action of it.
    const sql = `WITH RECURSIVE below (name) AS (
        SELECT name FROM actions WHERE project = ?1 AND domain = ?2 AND run_name = ?3 AND parent = ?4 AND parent != ''
        UNION
        SELECT a.name FROM below b CROSS JOIN actions a ON a.parent = b.name
        WHERE a.project = ?1 AND a.domain = ?2 AND a.run_name = ?3 AND a.parent != ''
      )
      SELECT a.name FROM below b CROSS JOIN actions a ON a.name = b.name
      WHERE a.project = ?1 AND a.domain = ?2 AND a.run_name = ?3 AND a.open = 1 ORDER BY a.sequence`;
    return this.database.all(sql, [project, domain, run, key.name]).map(({ name }) => ({ ...key, name: String(name) }));
  }

  /** Every action whose last attempt has not ended, in the order of the queue. */
  listOpen(): ActionKey[] {
    return this.database
      .all('SELECT project, domain, run_name, name FROM actions WHERE open = 1 ORDER BY sequence')
      .map(({ project, domain, run_name, name }) => ({
        ...{ project: String(project), domain: String(domain) },
        ...{ run: String(run_name), name: String(name) },
      }));
  }

  /**
   * A page of actions, and one more where there is more.
   *
   * @param conditions all of them must hold
   * @param page which part, in which order
   */
  list(conditions: readonly SqlStatement[], { limit, offset, order }: Page): ActionDetails[] {
    const [where, parameters = []] = joined(conditions);
    return this.database
      .all(`SELECT run_name, message FROM actions WHERE ${where} ORDER BY ${order} LIMIT ? OFFSET ?`, [
        ...parameters,
        limit + 1,
        offset,
      ])
      .map(toDetails);
  }
}

const BY_KEY = 'project = ? AND domain = ? AND run_name = ? AND name = ?';

function valuesOf({ project, domain, run, name }: ActionKey): SqlValue[] {
  return [project, domain, run, name];
}

function triggerColumns({ metadata }: ActionDetails): SqlValue[] {
  const { triggerId, triggerType } = metadata ?? {};
  if (triggerId?.name === undefined) return [null, null, null, null];
  const { name, revision } = triggerId;
  return [name.taskName, name.name, Number(revision), TriggerAutomationSpecType[triggerType?.type ?? 0] ?? ''];
}

function phaseOf(details: ActionDetails): ActionPhase {
  return details.status?.phase ?? ActionPhase.UNSPECIFIED;
}

function toDetails(row: SqlRow): ActionDetails {
  return storedMessage(ActionDetailsSchema, row, 'message', ...damage(row));
}

function damage(row: SqlRow): [what: string, remedy: string] {
  const remedy = "Delete its row of the database's table `actions`, or the whole state folder to start with a new one.";
  return [`The record of the run ${JSON.stringify(row['run_name'])}`, remedy];
}
