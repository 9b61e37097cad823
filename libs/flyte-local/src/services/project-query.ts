import { Code, ConnectError } from '@connectrpc/connect';
import { Sort_Direction } from 'nestjs-flyte/idl/common/list';
import { ProjectState, type ListProjectsRequest } from 'nestjs-flyte/idl/project/project_service';
import type { SqlStatement } from '../state/sql.js';

/** A ListProjects request, compiled for the database. */
export interface ProjectQuery {
  /** All of them must hold. */
  readonly conditions: readonly SqlStatement[];
  /** Empty, or a term of ORDER BY with a comma after it. */
  readonly order: string;
  /** The longest page; 0 means no limit. */
  readonly limit: number;
  /** How many projects to skip. */
  readonly offset: number;
}

/** The columns that a client may name. They go into SQL as text, so nothing else may. */
const COLUMNS = new Set(['identifier', 'name', 'description', 'labels', 'state', 'created_at', 'updated_at']);

/** The longest filter text, in characters: SQLite limits how deep an expression nests and how many values it binds. */
const MAX_FILTERS = 4096;

/**
 * Compiles a ListProjects request by the rules of Flyte's backend: the token is an offset; without filters, archived
 * projects are hidden; filters are terms like `eq(state,1)+contains(name,foo)` with the functions eq, ne, contains and
 * value_in (its values parted by semicolons); the sort is descending unless it says ascending.
 *
 * @throws ConnectError `invalid_argument` for a token, a filter or a sort key that has no meaning
 */
export function parseProjectQuery(request: ListProjectsRequest): ProjectQuery {
  const { limit, token, filters, sortBy } = request;
  return {
    conditions: filters === '' ? [['state <> ?', [ProjectState.ARCHIVED]]] : parseFilters(filters),
    order: sortBy === undefined || sortBy.key === '' ? '' : parseSort(sortBy.key, sortBy.direction),
    limit,
    offset: parseToken(token),
  };
}

function parseToken(token: string): number {
  if (token === '') return 0;
  // 15 digits are below the largest whole number that JavaScript holds exactly.
  if (!/^\d{1,15}$/.test(token)) throw invalid('The page token is not one that ListProjects gave.');
  return Number(token);
}

function parseSort(key: string, direction: Sort_Direction): string {
  return `${requireColumn(key)} ${direction === Sort_Direction.ASCENDING ? 'ASC' : 'DESC'}, `;
}

function parseFilters(filters: string): SqlStatement[] {
  // As upstream, blank text is a filter that lets everything pass, archived projects too.
  if (filters.trim() === '') return [];
  if (filters.length > MAX_FILTERS) throw invalid(`The filters are longer than ${MAX_FILTERS} characters.`);
  return filters.split('+').map(parseFilter);
}

function parseFilter(text: string): SqlStatement {
  const [, name = '', field = '', value = ''] = /^\s*([^(]+)\(([^,]*),(.*)\)\s*$/s.exec(text) ?? [];
  if (name === '') throw invalid(`The filter ${JSON.stringify(text)} must have the form function(field,value).`);
  const column = requireColumn(field.trim());
  switch (name.trim().toLowerCase()) {
    case 'eq':
      return [`${column} = ?`, [value.trim()]];
    case 'ne':
      return [`${column} <> ?`, [value.trim()]];
    case 'contains':
      // Not LIKE, which knows no difference between upper and lower case in SQLite, and reads % and _ as wildcards.
      return [`instr(${column}, ?) > 0`, [value.trim()]];
    case 'value_in': {
      const values = value.split(';').map((item) => item.trim());
      return [`${column} IN (${values.map(() => '?').join(', ')})`, values];
    }
    default:
      throw invalid(`The filter function ${JSON.stringify(name.trim())} is none of eq, ne, contains, value_in.`);
  }
}

function requireColumn(name: string): string {
  if (COLUMNS.has(name)) return name;
  throw invalid(`The field ${JSON.stringify(name)} is none of ${[...COLUMNS].join(', ')}.`);
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}
