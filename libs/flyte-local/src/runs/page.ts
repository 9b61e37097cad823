import { Code, ConnectError } from '@connectrpc/connect';
import { Sort_Direction, type ListRequest } from 'nestjs-flyte/idl/common/list';
import type { SqlStatement } from '../state/sql.js';
import type { ListColumns } from './list-columns.js';
import { compileFilters } from './list-filters.js';

/** A part of a list. */
export interface Page {
  /** The longest page. */
  readonly limit: number;
  /** How many to skip. */
  readonly offset: number;
  /** Terms of ORDER BY. */
  readonly order: string;
}

/** What a list request asks for. */
export interface ListQuery extends Page {
  /** All of them must hold. */
  readonly filters: readonly SqlStatement[];
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/**
 * Compiles the common part of list requests by the rules of Flyte's backend (flyteorg/flyte runs/repository/impl): the token
 * is an offset, the limit 50 if it is 0, and 200 at most.
 *
 * @param columns what may be filtered and sorted by
 * @param order terms of ORDER BY where nobody asks for any
 * @throws ConnectError `invalid_argument` for a token, a limit, a filter or a sort key that has no meaning
 */
export function parsePage(request: ListRequest | undefined, columns: ListColumns, order = 'sequence DESC'): ListQuery {
  const { limit = 0, token = '', filters = [], rawFilters = [], sortBy, sortByFields = [] } = request ?? {};
  // Upstream ignores these; a list that is longer than asked for misleads.
  if (rawFilters.length > 0) throw new ConnectError('The local control plane has no raw filters.', Code.Unimplemented);
  if (!/^\d{0,15}$/.test(token)) throw invalid('The page token is not one that a list gave.');
  if (limit > MAX_LIMIT) throw invalid(`The limit ${limit} is over ${MAX_LIMIT}, which a page may have at most.`);
  // The older field, which holds one, is what most clients set.
  const sorts = sortByFields.length === 0 && sortBy !== undefined && sortBy.key !== '' ? [sortBy] : sortByFields;
  const terms = sorts.map(({ key, direction }) => {
    const column = Object.hasOwn(columns, key) ? columns[key] : undefined;
    if (column !== undefined) {
      return `${column.order ?? column.sql} ${direction === Sort_Direction.ASCENDING ? 'ASC' : 'DESC'}`;
    }
    throw invalid(`The sort key ${JSON.stringify(key)} is none of ${Object.keys(columns).join(', ')}.`);
  });
  return {
    limit: limit === 0 ? DEFAULT_LIMIT : limit,
    offset: Number(token),
    order: [...(terms.length === 0 ? [order] : terms), 'sequence DESC'].join(', '),
    filters: compileFilters(filters, columns),
  };
}

/**
 * One page of what was read for it, which is one more than its limit where there is more.
 *
 * @returns the page, and the token of the next one; empty if this is the last
 */
export function pageOf<T>(
  { limit, offset }: Page,
  found: readonly T[],
): { readonly items: readonly T[]; readonly token: string } {
  return { items: found.slice(0, limit), token: found.length > limit ? String(offset + limit) : '' };
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}
