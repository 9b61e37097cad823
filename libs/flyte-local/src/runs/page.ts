import { Code, ConnectError } from '@connectrpc/connect';
import { Sort_Direction, type ListRequest } from 'nestjs-flyte/idl/common/list';

/** A part of a list. */
export interface Page {
  /** The longest page. */
  readonly limit: number;
  /** How many to skip. */
  readonly offset: number;
  /** Terms of ORDER BY. */
  readonly order: string;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/**
 * Compiles the common part of list requests: the token is an offset; filters are not supported, and said so instead of
 * being ignored, because a list that is longer than asked for misleads.
 *
 * @param columns what may be sorted by: the wire's name, and the column's
 * @throws ConnectError `invalid_argument` for a token or a sort key that has no meaning; `unimplemented` for filters
 */
export function parsePage(request: ListRequest | undefined, columns: Readonly<Record<string, string>>): Page {
  const { limit = 0, token = '', filters = [], rawFilters = [], sortBy, sortByFields = [] } = request ?? {};
  if (filters.length > 0 || rawFilters.length > 0) {
    throw new ConnectError('The local control plane has no filters on this list.', Code.Unimplemented);
  }
  if (!/^\d{0,15}$/.test(token))
    throw new ConnectError('The page token is not one that a list gave.', Code.InvalidArgument);
  // The older field, which holds one, is what most clients set.
  const sorts = sortByFields.length === 0 && sortBy !== undefined ? [sortBy] : sortByFields;
  const order = sorts.map(({ key, direction }) => {
    const column = Object.hasOwn(columns, key) ? columns[key] : undefined;
    if (column !== undefined) return `${column} ${direction === Sort_Direction.ASCENDING ? 'ASC' : 'DESC'}`;
    const known = Object.keys(columns).join(', ');
    throw new ConnectError(`The sort key ${JSON.stringify(key)} is none of ${known}.`, Code.InvalidArgument);
  });
  return {
    limit: limit === 0 ? DEFAULT_LIMIT : Math.min(limit, MAX_LIMIT),
    offset: Number(token),
    order: [...order, 'sequence DESC'].join(', '),
  };
}

/** The token of the page behind one that holds `count` rows; empty if that was the last one. */
export function nextToken({ limit, offset }: Page, count: number): string {
  return count < limit ? '' : String(offset + limit);
}
