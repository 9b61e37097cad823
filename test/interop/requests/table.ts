import { cookies } from './cookies.js';
import { extractors } from './extractors.js';
import { headers } from './headers.js';
import { methods } from './methods.js';
import { paths } from './paths.js';
import type { DifferentRow, Row } from './row.js';
import { schemes } from './schemes.js';
import { websockets } from './websockets.js';

/** Every request that goes to FastAPI behind the official middleware and to this library, and what they answer. */
export const TABLE: readonly Row[] = [
  ...schemes,
  ...headers,
  ...cookies,
  ...paths,
  ...extractors,
  ...methods,
  ...websockets,
];

/** Those that are answered in two ways. */
export const DIFFERENCES: readonly DifferentRow[] = TABLE.filter((row) => 'why' in row);
