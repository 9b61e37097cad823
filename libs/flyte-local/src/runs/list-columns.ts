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
const absent = text('NULL');
/** One number for all. The sum keeps SQLite from reading it as the position of a column, where it is sorted by. */
const constant = (value: number): ListColumn => number(`(${String(value)} + 0)`);

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
  trigger_task_name: absent,
  trigger_name: absent,
  trigger_revision: absent,
  trigger_type: absent,
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
  trigger_name: absent,
  total_triggers: constant(0),
  active_triggers: constant(0),
  env_description: text("nullif(env_description, '')"),
  short_description: text("nullif(short_description, '')"),
};

/** Of a task's versions. */
export const VERSION_COLUMNS: ListColumns = { version: text('version'), created_at: created };
