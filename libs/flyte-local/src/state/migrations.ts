import { create, toBinary } from '@bufbuild/protobuf';
import { ProjectSchema } from 'nestjs-flyte/idl/project/project_service';
import type { SqlStatement } from './sql.js';

/** The project that a new Flyte has. */
const FIRST_PROJECT = 'flytesnacks';

/**
 * The schema, step by step. The database's `user_version` counts the steps it has taken, so a step that was released is
 * never changed: later schemas append to the list.
 */
export const MIGRATIONS: readonly (() => readonly SqlStatement[])[] = [projects];

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
