import { bindAuthScope } from '../../auth/auth-scope.js';

/** How many items one call to Flyte brings where nobody says. */
export const PAGE_SIZE = 100;

/** What one call to Flyte brings of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** By which the next page is asked for; empty on the last one. */
  readonly next: string;
}

/**
 * The items of a list, page after page as they are read. Each page is asked for as the caller of this function, since a
 * generator's body runs as whoever reads it.
 *
 * @param page asks Flyte for the page of a token, which is empty for the first
 */
export function pages<T>(page: (token: string) => Promise<Page<T>>): AsyncGenerator<T, void> {
  return itemsOf(bindAuthScope(page));
}

async function* itemsOf<T>(page: (token: string) => Promise<Page<T>>): AsyncGenerator<T, void> {
  let token = '';
  do {
    // oxlint-disable-next-line no-await-in-loop -- a page names the next one
    const { items, next } = await page(token);
    yield* items;
    token = next;
  } while (token !== '');
}
