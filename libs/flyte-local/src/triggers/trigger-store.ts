import { clone, create, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { EnrichedIdentity } from 'nestjs-flyte/idl/common/identity';
import { TriggerAutomationSpecType, type TriggerAutomationSpec } from 'nestjs-flyte/idl/task/common';
import type { TaskIdentifier, TaskName } from 'nestjs-flyte/idl/task/task_definition';
import {
  TriggerDetailsSchema,
  TriggerRevisionAction,
  type TriggerDetails,
  type TriggerSpec,
} from 'nestjs-flyte/idl/trigger/trigger_definition';
import { identityOf } from '../runs/new-action.js';
import type { ListQuery } from '../runs/page.js';
import type { LocalDatabase } from '../state/local-database.js';
import { joined, type SqlRow, type SqlStatement, type SqlValue } from '../state/sql.js';
import { DamagedState } from '../state/state-problem.js';
import { storedMessage } from '../state/stored-message.js';
import type { Caller } from '../tokens/caller.js';
import type { Clock } from './clock.js';
import type { TriggerKey } from './trigger-key.js';

/** A trigger as it is kept. */
export interface TriggerRecord {
  readonly key: TriggerKey;
  readonly details: TriggerDetails;
  readonly revision: number;
  /** From when on its times count: when it fired last, was activated, or, where that was later, deployed. In milliseconds. */
  readonly since: number;
  /** When it fired last or was activated: a fixed rate counts from then. */
  readonly last: number;
}

/** What is to be deployed. */
export interface NewTrigger {
  readonly key: TriggerKey;
  readonly spec: TriggerSpec;
  readonly automation: TriggerAutomationSpec | undefined;
}

/** A revision of a trigger: how it was, and what made it so. */
export interface TriggerRevisionRecord {
  readonly details: TriggerDetails;
  readonly action: TriggerRevisionAction;
  readonly createdAt: number;
}

/** The triggers in the plane's database, each with all of its revisions, by the rules of flyteorg/flyte runs/repository/impl/trigger.go. */
export class TriggerStore {
  /** @param clock says when something was done */
  constructor(
    private readonly database: LocalDatabase,
    private readonly clock: Clock,
  ) {}

  /**
   * Adds a trigger, or replaces it: also one that was deleted.
   *
   * @param expected the revision that is replaced, where that matters
   * @returns undefined where it is another one
   */
  put({ key, spec, automation }: NewTrigger, by: Caller, expected = 0): TriggerDetails | undefined {
    return this.database.transaction(() => this.putWithin({ key, spec, automation }, by, expected));
  }

  /** The same inside a transaction. */
  putWithin({ key, spec, automation }: NewTrigger, by: Caller, expected = 0): TriggerDetails | undefined {
    const before = this.#row(key);
    if (before !== undefined && expected > 0 && Number(before['revision']) !== expected) return undefined;
    const now = this.clock.now();
    const identity = identityOf(by);
    // As upstream: who deploys a trigger again does not update it, unless that turns it on or off.
    const same = before !== undefined && (Number(before['active']) === 1) === spec.active ? before : undefined;
    const updatedAt = same === undefined ? now : Number(same['updated_at']);
    const updatedBy = same === undefined ? identity : (toDetails(same).metadata?.updatedBy ?? identity);
    const details = create(TriggerDetailsSchema, {
      id: { name: nameOf(key), revision: BigInt(Number(before?.['revision'] ?? 0) + 1) },
      metadata: { deployedBy: identity, updatedBy },
      spec,
      status: { deployedAt: timestampFromMs(now), updatedAt: timestampFromMs(updatedAt) },
      automationSpec: automation,
      description: spec.description === '' ? undefined : spec.description,
    });
    this.#write(key, details, { deployedAt: now, updatedAt, deletedAt: null });
    return this.#remember(key, TriggerRevisionAction.DEPLOY);
  }

  /** One trigger; undefined also for one that was deleted. */
  get(key: TriggerKey): TriggerRecord | undefined {
    const row = this.#row(key);
    return row === undefined || row['deleted_at'] !== null ? undefined : toRecord(row);
  }

  /** A page of triggers, and one more where there is more. */
  list(conditions: readonly SqlStatement[], { filters, limit, offset, order }: ListQuery): TriggerDetails[] {
    const [where, parameters = []] = joined([['deleted_at IS NULL'], ...conditions, ...filters]);
    const sql = `SELECT * FROM triggers WHERE ${where} ORDER BY ${order} LIMIT ? OFFSET ?`;
    return this.database.all(sql, [...parameters, limit + 1, offset]).map(toDetails);
  }

  /**
   * What is to be fired by the clock.
   *
   * @param onDamage is told of each trigger that can't be read, which keeps nobody from the others
   */
  scheduled(onDamage: (error: DamagedState) => void): TriggerRecord[] {
    const sql = `SELECT * FROM triggers WHERE deleted_at IS NULL AND active = 1 AND automation_type = ? ORDER BY sequence`;
    return this.database.all(sql, [automationTypeName(TriggerAutomationSpecType.TYPE_SCHEDULE)]).flatMap((row) => {
      try {
        return [toRecord(row)];
      } catch (error) {
        if (!(error instanceof DamagedState)) throw error;
        onDamage(error);
        return [];
      }
    });
  }

  /** One revision. */
  revision(key: TriggerKey, revision: bigint): TriggerRevisionRecord | undefined {
    const sql = `SELECT * FROM trigger_revisions WHERE ${BY_KEY} AND revision = ?`;
    const row = this.database.get(sql, [...valuesOf(key), Number(revision)]);
    return row === undefined ? undefined : toRevision(row);
  }

  /** A page of the revisions of a trigger, the newest first, and one more where there is more. */
  revisions(key: TriggerKey, { filters, limit, offset, order }: ListQuery): TriggerRevisionRecord[] {
    const [where, parameters = []] = joined([[BY_KEY, valuesOf(key)], ...filters]);
    const sql = `SELECT * FROM trigger_revisions WHERE ${where} ORDER BY ${order} LIMIT ? OFFSET ?`;
    return this.database.all(sql, [...parameters, limit + 1, offset]).map(toRevision);
  }

  /** Turns triggers on or off, all or none; what is so already, or is not there, stays. */
  setActive(keys: readonly TriggerKey[], active: boolean, by: Caller): void {
    this.database.transaction(() => {
      for (const key of keys) {
        const row = this.#row(key);
        if (row === undefined || row['deleted_at'] !== null || (Number(row['active']) === 1) === active) continue;
        const now = this.clock.now();
        const details = nextRevision(row, identityOf(by), active);
        if (details.status !== undefined) details.status.updatedAt = timestampFromMs(now);
        this.#write(key, details, { deployedAt: Number(row['deployed_at']), updatedAt: now, deletedAt: null });
        this.#remember(key, active ? TriggerRevisionAction.ACTIVATE : TriggerRevisionAction.DEACTIVATE);
      }
    });
  }

  /** Deletes triggers, all or none; their revisions stay. */
  delete(keys: readonly TriggerKey[], by: Caller): void {
    this.database.transaction(() => {
      for (const key of keys) this.deleteWithin(key, by);
    });
  }

  /** The same inside a transaction. */
  deleteWithin(key: TriggerKey, by: Caller): void {
    const row = this.#row(key);
    if (row === undefined || row['deleted_at'] !== null) return;
    const now = this.clock.now();
    const details = nextRevision(row, identityOf(by), false);
    if (details.status !== undefined) details.status.deletedAt = timestampFromMs(now);
    this.#write(key, details, {
      deployedAt: Number(row['deployed_at']),
      updatedAt: Number(row['updated_at']),
      deletedAt: now,
    });
    this.#remember(key, TriggerRevisionAction.DELETE);
  }

  /** The triggers of a task, whatever its version. */
  ofTask({ project, domain, name }: Pick<TaskName, 'project' | 'domain' | 'name'>): TriggerKey[] {
    const sql = 'SELECT name FROM triggers WHERE project = ? AND domain = ? AND task_name = ? AND deleted_at IS NULL';
    const rows = this.database.all(sql, [project, domain, name]);
    return rows.map((row) => ({ project, domain, taskName: name, name: String(row['name']) }));
  }

  /** The triggers that run a version of a task. */
  ofVersion({ project, domain, name, version }: TaskIdentifier): TriggerDetails[] {
    const where = 'project = ? AND domain = ? AND task_name = ? AND task_version = ? AND deleted_at IS NULL';
    const sql = `SELECT * FROM triggers WHERE ${where} ORDER BY sequence`;
    return this.database.all(sql, [project, domain, name, version]).map(toDetails);
  }

  /**
   * Remembers that a trigger fired: inside the transaction that stores its run.
   *
   * @param due the time that it fired for; undefined where somebody fired it
   */
  fired(key: TriggerKey, due: number | undefined): void {
    const now = this.clock.now();
    const sql = `UPDATE triggers SET triggered_at = ?, fired_until = max(fired_until, ?) WHERE ${BY_KEY}`;
    this.database.run(sql, [now, due ?? 0, ...valuesOf(key)]);
  }

  /** Remembers that nothing of a trigger is to be caught up with any more. */
  caughtUp(key: TriggerKey, until: number): void {
    this.database.run(`UPDATE triggers SET fired_until = max(fired_until, ?) WHERE ${BY_KEY}`, [
      until,
      ...valuesOf(key),
    ]);
  }

  #row(key: TriggerKey): SqlRow | undefined {
    return this.database.get(`SELECT * FROM triggers WHERE ${BY_KEY}`, valuesOf(key));
  }

  #write(
    key: TriggerKey,
    details: TriggerDetails,
    at: { readonly deployedAt: number; readonly updatedAt: number; readonly deletedAt: number | null },
  ): void {
    this.database.run(
      `INSERT INTO triggers (project, domain, task_name, name, task_version, active, automation_type, revision, deployed_at,
         updated_at, deleted_at, message)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (project, domain, task_name, name) DO UPDATE SET
         task_version = excluded.task_version, active = excluded.active, automation_type = excluded.automation_type,
         revision = excluded.revision, deployed_at = excluded.deployed_at, updated_at = excluded.updated_at,
         deleted_at = excluded.deleted_at, message = excluded.message`,
      [
        ...[...valuesOf(key), details.spec?.taskVersion ?? '', Number(details.spec?.active ?? false)],
        ...[automationTypeName(details.automationSpec?.type), Number(details.id?.revision ?? 0)],
        ...[at.deployedAt, at.updatedAt, at.deletedAt, toBinary(TriggerDetailsSchema, details)],
      ],
    );
  }

  /** Keeps the trigger as it is now as a revision. */
  #remember(key: TriggerKey, action: TriggerRevisionAction): TriggerDetails {
    const row = this.#row(key);
    if (row === undefined) throw new TypeError('a trigger that was not stored');
    const details = toDetails(row);
    this.database.run(
      `INSERT INTO trigger_revisions (project, domain, task_name, name, revision, action, deployed_at, updated_at, created_at, message)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        ...[...valuesOf(key), Number(row['revision']), action, Number(row['deployed_at']), Number(row['updated_at'])],
        ...[this.clock.now(), toBinary(TriggerDetailsSchema, details)],
      ],
    );
    return details;
  }
}

const BY_KEY = 'project = ? AND domain = ? AND task_name = ? AND name = ?';

function valuesOf({ project, domain, taskName, name }: TriggerKey): SqlValue[] {
  return [project, domain, taskName, name];
}

function nameOf({ project, domain, taskName, name }: TriggerKey) {
  return { project, domain, taskName, name };
}

/** What upstream calls a kind of automation. */
export function automationTypeName(type: TriggerAutomationSpecType | undefined): string {
  return TriggerAutomationSpecType[type ?? 0] ?? String(type);
}

function nextRevision(row: SqlRow, by: EnrichedIdentity, active: boolean): TriggerDetails {
  const details = clone(TriggerDetailsSchema, toDetails(row));
  if (details.id !== undefined) details.id.revision = BigInt(Number(row['revision']) + 1);
  if (details.spec !== undefined) details.spec.active = active;
  if (details.metadata !== undefined) details.metadata.updatedBy = by;
  return details;
}

function toRecord(row: SqlRow): TriggerRecord {
  const number = (column: string): number => Number(row[column]);
  const last = Math.max(number('fired_until'), number('updated_at'));
  return {
    key: {
      ...{ project: String(row['project']), domain: String(row['domain']) },
      ...{ taskName: String(row['task_name']), name: String(row['name']) },
    },
    details: toDetails(row),
    revision: number('revision'),
    last,
    // Upstream looks at `last` alone: after a restart, a trigger that got another schedule would fire for times before it had that.
    since: Math.max(last, number('deployed_at')),
  };
}

function toDetails(row: SqlRow): TriggerDetails {
  const what = `The record of the trigger ${JSON.stringify(row['name'])} of the task ${JSON.stringify(row['task_name'])}`;
  const remedy = "Deploy the task again, or delete the record's row of the database's table `triggers`.";
  const details = storedMessage(TriggerDetailsSchema, row, 'message', what, remedy);
  const triggeredAt = row['triggered_at'];
  if (details.status !== undefined && typeof triggeredAt === 'number')
    details.status.triggeredAt = timestampFromMs(triggeredAt);
  return details;
}

function toRevision(row: SqlRow): TriggerRevisionRecord {
  return { details: toDetails(row), action: Number(row['action']), createdAt: Number(row['created_at']) };
}
