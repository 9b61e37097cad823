/** A field that lists may be filtered and sorted by, and how it is compared. */
export interface ListColumn {
  /** An expression of SQL. */
  readonly sql: string;
  /** What a filter's values are: texts, whole numbers, or times as RFC 3339 writes them. */
  readonly kind: 'text' | 'number' | 'time';
  /** What to sort by, where that is finer. */
  readonly order?: string;
}

/** Fields by their names on the wire. A name goes into SQL by way of these alone. */
export type ListColumns = Readonly<Record<string, ListColumn>>;

const text = (sql: string): ListColumn => ({ sql, kind: 'text' });
const number = (sql: string): ListColumn => ({ sql, kind: 'number' });
const time = (sql: string): ListColumn => ({ sql, kind: 'time' });
/** Two of one millisecond are told apart by their sequence. */
const created: ListColumn = { ...time('created_at'), order: 'sequence' };
/** Milliseconds, as RFC 3339 writes them. */
const ms = (sql: string): ListColumn => ({
  ...time(`strftime('%Y-%m-%dT%H:%M:%fZ', ${sql} / 1000.0, 'unixepoch')`),
  order: sql,
});

/** Of the triggers of a version of a task. */
const ofTriggers = (what: string): string =>
  `(SELECT ${what} FROM triggers WHERE triggers.project = tasks.project AND triggers.domain = tasks.domain
     AND triggers.task_name = tasks.name AND triggers.task_version = tasks.version AND triggers.deleted_at IS NULL)`;

/** Of runs and actions (flyteorg/flyte runs/repository/models/action.go). */
export const ACTION_COLUMNS: ListColumns = {
  project: text('project'),
  domain: text('domain'),
  run_name: text('run_name'),
  phase: number('phase'),
  action_type: number('action_type'),
  parent_action_name: text('parent'),
  // As Python's SDK calls it.
  parent_name: text('parent'),
  action_group: text('action_group'),
  run_source: text('run_source'),
  created_by_subject: text("nullif(created_by, '')"),
  trigger_task_name: text('trigger_task_name'),
  trigger_name: text('trigger_name'),
  trigger_revision: number('trigger_revision'),
  trigger_type: text('trigger_type'),
  task_project: text('task_project'),
  task_domain: text('task_domain'),
  task_name: text('task_name'),
  task_version: text('task_version'),
  function_name: text('task_name'),
  created_at: created,
  updated_at: time('updated_at'),
  ended_at: time('ended_at'),
  duration_ms: number('duration_ms'),
};

/** Of tasks (flyteorg/flyte runs/repository/models/task.go). */
export const TASK_COLUMNS: ListColumns = {
  project: text('project'),
  domain: text('domain'),
  name: text('name'),
  version: text('version'),
  environment: text('environment'),
  function_name: text('function_name'),
  deployed_by: text('deployed_by'),
  created_at: created,
  updated_at: time('deployed_at'),
  trigger_name: text(ofTriggers('CASE count(*) WHEN 1 THEN min(triggers.name) END')),
  total_triggers: number(ofTriggers('count(*)')),
  active_triggers: number(ofTriggers('coalesce(sum(triggers.active), 0)')),
  env_description: text("nullif(env_description, '')"),
  short_description: text("nullif(short_description, '')"),
};

/** Of a task's versions. */
export const VERSION_COLUMNS: ListColumns = { version: text('version'), created_at: created };

/** Of triggers (flyteorg/flyte runs/repository/models/trigger.go). */
export const TRIGGER_COLUMNS: ListColumns = {
  project: text('project'),
  domain: text('domain'),
  task_name: text('task_name'),
  name: text('name'),
  active: text("CASE active WHEN 1 THEN 'true' ELSE 'false' END"),
  deployed_at: ms('deployed_at'),
  updated_at: ms('updated_at'),
  task_version: text('task_version'),
  automation_type: text('automation_type'),
};

/** Of a trigger's revisions. */
export const TRIGGER_REVISION_COLUMNS: ListColumns = {
  revision: number('revision'),
  deployed_at: ms('deployed_at'),
  updated_at: ms('updated_at'),
  action: number('action'),
};
