import { create, toBinary } from '@bufbuild/protobuf';
import { ProjectSchema } from 'nestjs-flyte/idl/project/project_service';
import type { SqlStatement } from './sql.js';

/** The project that a new Flyte has. */
const FIRST_PROJECT = 'flytesnacks';

/**
 * The schema, step by step. The database's `user_version` counts the steps it has taken, so a step that was released is
 * never changed: later schemas append to the list.
 */
export const MIGRATIONS: readonly (() => readonly SqlStatement[])[] = [
  projects,
  execution,
  lists,
  children,
  entrypoints,
  triggers,
];

/**
 * A project is its protobuf message, byte for byte, so that fields which this version does not know survive; the other
 * columns are what lists can be filtered and sorted by. `sequence` keeps pages stable.
 */
function projects(): readonly SqlStatement[] {
  const now = new Date().toISOString();
  const message = create(ProjectSchema, { id: FIRST_PROJECT, name: FIRST_PROJECT });
  return [
    [
      `CREATE TABLE projects (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        identifier TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        labels BLOB NOT NULL,
        state INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        message BLOB NOT NULL
      )`,
    ],
    [
      `INSERT INTO projects (identifier, name, description, labels, state, created_at, updated_at, message)
       VALUES (?, ?, '', x'', ?, ?, ?, ?)`,
      [FIRST_PROJECT, message.name, message.state, now, now, toBinary(ProjectSchema, message)],
    ],
  ];
}

/**
 * A task and an action are protobuf messages too. `open` is 1 while an action's last attempt has not ended; `sequence` is
 * the order in which actions were created, and thereby that of the queue. Secrets are sealed one by one, and
 * `secret_key_check` tells whether a key is the one that sealed them.
 */
function execution(): readonly SqlStatement[] {
  return [
    [
      `CREATE TABLE secrets (
        project TEXT NOT NULL,
        domain TEXT NOT NULL,
        name TEXT NOT NULL,
        sealed BLOB NOT NULL,
        type INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        PRIMARY KEY (project, domain, name)
      )`,
    ],
    ['CREATE TABLE secret_key_check (one INTEGER PRIMARY KEY CHECK (one = 1), sealed BLOB NOT NULL)'],
    [
      `CREATE TABLE tasks (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        project TEXT NOT NULL,
        domain TEXT NOT NULL,
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        environment TEXT NOT NULL,
        deployed_by TEXT NOT NULL,
        deployed_at TEXT NOT NULL,
        message BLOB NOT NULL,
        UNIQUE (project, domain, name, version)
      )`,
    ],
    [
      `CREATE TABLE actions (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        project TEXT NOT NULL,
        domain TEXT NOT NULL,
        run_name TEXT NOT NULL,
        name TEXT NOT NULL,
        phase INTEGER NOT NULL,
        open INTEGER NOT NULL,
        task_project TEXT NOT NULL,
        task_domain TEXT NOT NULL,
        task_name TEXT NOT NULL,
        task_version TEXT NOT NULL,
        created_by TEXT NOT NULL,
        created_at TEXT NOT NULL,
        run_spec BLOB NOT NULL,
        message BLOB NOT NULL,
        UNIQUE (project, domain, run_name, name)
      )`,
    ],
    ['CREATE INDEX open_actions ON actions (sequence) WHERE open = 1'],
  ];
}

/**
 * What runs and tasks can be filtered and sorted by, and which outputs may be taken for those of the same task with the same
 * inputs. Of what was there before, times are taken from what was known, and texts stay empty; filters do not know when its runs
 * ended, nor how long they took.
 */
function lists(): readonly SqlStatement[] {
  return [
    ["ALTER TABLE actions ADD COLUMN run_source TEXT NOT NULL DEFAULT ''"],
    ["ALTER TABLE actions ADD COLUMN updated_at TEXT NOT NULL DEFAULT ''"],
    ['ALTER TABLE actions ADD COLUMN ended_at TEXT'],
    ['ALTER TABLE actions ADD COLUMN duration_ms INTEGER'],
    ['UPDATE actions SET updated_at = created_at'],
    ["ALTER TABLE tasks ADD COLUMN created_at TEXT NOT NULL DEFAULT ''"],
    ["ALTER TABLE tasks ADD COLUMN function_name TEXT NOT NULL DEFAULT ''"],
    ["ALTER TABLE tasks ADD COLUMN env_description TEXT NOT NULL DEFAULT ''"],
    ["ALTER TABLE tasks ADD COLUMN short_description TEXT NOT NULL DEFAULT ''"],
    ['UPDATE tasks SET created_at = deployed_at'],
    [
      `CREATE TABLE cached_outputs (
        key TEXT PRIMARY KEY,
        project TEXT NOT NULL,
        domain TEXT NOT NULL,
        run_name TEXT NOT NULL,
        name TEXT NOT NULL,
        attempt INTEGER NOT NULL
      )`,
    ],
  ];
}

/**
 * Actions that actions called. What was there before is roots of runs, and tasks. `parent` is empty for a root, and `action_type` one of
 * upstream's numbers of action types.
 */
function children(): readonly SqlStatement[] {
  return [
    ["ALTER TABLE actions ADD COLUMN parent TEXT NOT NULL DEFAULT ''"],
    ["ALTER TABLE actions ADD COLUMN action_group TEXT NOT NULL DEFAULT ''"],
    ['ALTER TABLE actions ADD COLUMN action_type INTEGER NOT NULL DEFAULT 1'],
    ["CREATE INDEX child_actions ON actions (project, domain, run_name, parent) WHERE parent != ''"],
  ];
}

/** Which tasks their authors marked for people to start. Of those that are there already, that is known once they are deployed again. */
function entrypoints(): readonly SqlStatement[] {
  return [['ALTER TABLE tasks ADD COLUMN is_entrypoint INTEGER NOT NULL DEFAULT 0']];
}

/**
 * Triggers, one row each, and every revision of them: protobuf messages. Times are milliseconds. A time up to `fired_until` is not fired
 * any more. Of the runs that were there before, none was made by a trigger.
 */
function triggers(): readonly SqlStatement[] {
  return [
    [
      `CREATE TABLE triggers (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        project TEXT NOT NULL,
        domain TEXT NOT NULL,
        task_name TEXT NOT NULL,
        name TEXT NOT NULL,
        task_version TEXT NOT NULL,
        active INTEGER NOT NULL,
        automation_type TEXT NOT NULL,
        revision INTEGER NOT NULL,
        deployed_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        triggered_at INTEGER,
        deleted_at INTEGER,
        fired_until INTEGER NOT NULL DEFAULT 0,
        message BLOB NOT NULL,
        UNIQUE (project, domain, task_name, name)
      )`,
    ],
    [
      `CREATE TABLE trigger_revisions (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        project TEXT NOT NULL,
        domain TEXT NOT NULL,
        task_name TEXT NOT NULL,
        name TEXT NOT NULL,
        revision INTEGER NOT NULL,
        action INTEGER NOT NULL,
        deployed_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        message BLOB NOT NULL,
        UNIQUE (project, domain, task_name, name, revision)
      )`,
    ],
    ['ALTER TABLE actions ADD COLUMN trigger_task_name TEXT'],
    ['ALTER TABLE actions ADD COLUMN trigger_name TEXT'],
    ['ALTER TABLE actions ADD COLUMN trigger_revision INTEGER'],
    ['ALTER TABLE actions ADD COLUMN trigger_type TEXT'],
    [
      `CREATE INDEX triggered_actions ON actions (project, domain, trigger_task_name, trigger_name) WHERE trigger_name IS NOT NULL`,
    ],
  ];
}
