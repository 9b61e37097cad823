import { Code, ConnectError } from '@connectrpc/connect';
import { Filter_Function, type Filter } from 'nestjs-flyte/idl/common/list';
import type { SqlStatement, SqlValue } from '../state/sql.js';
import type { ListColumn, ListColumns } from './list-columns.js';

const COMPARISONS: ReadonlyMap<Filter_Function, string> = new Map([
  [Filter_Function.EQUAL, '='],
  [Filter_Function.NOT_EQUAL, '<>'],
  [Filter_Function.GREATER_THAN, '>'],
  [Filter_Function.GREATER_THAN_OR_EQUAL, '>='],
  [Filter_Function.LESS_THAN, '<'],
  [Filter_Function.LESS_THAN_OR_EQUAL, '<='],
]);

/** By functions and not by LIKE, which in SQLite knows no difference between upper and lower case. */
const TEXTS: ReadonlyMap<Filter_Function, (sql: string) => string> = new Map([
  [Filter_Function.CONTAINS, (sql) => `instr(${sql}, ?) > 0`],
  [Filter_Function.CONTAINS_CASE_INSENSITIVE, (sql) => `instr(lower(${sql}), lower(?)) > 0`],
  [Filter_Function.ENDS_WITH, (sql) => endOf(sql, '=')],
  [Filter_Function.NOT_ENDS_WITH, (sql) => endOf(sql, '<>')],
]);

function endOf(sql: string, comparison: string): string {
  return `substr(${sql}, max(1, length(${sql}) - length(?) + 1)) ${comparison} ?`;
}

/** `EXISTS`, which is newer than the interface definition here. */
const EXISTS: ReadonlySet<number> = new Set([15]);

/** More values than that no database is asked for. */
const MAX_VALUES = 1000;

/**
 * Compiles the filters of a list request, all of which must hold, by the rules of Flyte's backend; `EXISTS` is there, too.
 *
 * @param columns what may be filtered by
 * @throws ConnectError `invalid_argument` for a field, a function or a value that has no meaning
 */
export function compileFilters(filters: readonly Filter[], columns: ListColumns): SqlStatement[] {
  if (filters.flatMap(({ values }) => values).length > MAX_VALUES)
    throw invalid(`There are more than ${MAX_VALUES} filter values.`);
  return filters.map((filter) => compileFilter(filter, columns));
}

function compileFilter({ function: name, field, values }: Filter, columns: ListColumns): SqlStatement {
  const column = Object.hasOwn(columns, field) ? columns[field] : undefined;
  if (column === undefined) {
    throw invalid(`The filter field ${JSON.stringify(field)} is none of ${Object.keys(columns).join(', ')}.`);
  }
  if (EXISTS.has(name)) return [`${column.sql} IS NOT NULL`];
  const given = values.map((value) => valueOf(column, field, value));
  if (name === Filter_Function.VALUE_IN && given.length > 0) {
    return [`${column.sql} IN (${given.map(() => '?').join(', ')})`, given];
  }
  const [value] = given;
  if (value === undefined || given.length > 1) {
    throw invalid(`The filter of the field ${JSON.stringify(field)} has ${given.length} values, and takes one.`);
  }
  const comparison = COMPARISONS.get(name);
  if (comparison !== undefined) return [`${column.sql} ${comparison} ?`, [value]];
  const ofText = TEXTS.get(name);
  if (ofText !== undefined && column.kind === 'text') {
    const sql = ofText(column.sql);
    return [
      sql,
      sql
        .split('?')
        .slice(1)
        .map(() => value),
    ];
  }
  throw invalid(
    `The filter function ${Filter_Function[name] ?? name} is not supported for the field ${JSON.stringify(field)}.`,
  );
}

function valueOf({ kind }: ListColumn, field: string, value: string): SqlValue {
  if (kind === 'text') return value;
  const at = kind === 'time' ? Date.parse(value) : Number(value);
  const isValid = kind === 'time' ? !Number.isNaN(at) : /^-?\d{1,15}$/.test(value);
  if (!isValid) {
    const what = kind === 'time' ? 'a time such as 2026-01-31T08:00:00Z' : 'a whole number';
    throw invalid(`The filter field ${JSON.stringify(field)} takes ${what}.`);
  }
  return kind === 'time' ? new Date(at).toISOString() : at;
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}
