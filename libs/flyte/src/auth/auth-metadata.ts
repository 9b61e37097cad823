import { createHmac, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { FlyteError } from '../errors/flyte-error.js';
import { checkHeaderName } from './header-names.js';

/**
 * Credentials on their way to Flyte: headers, by lower-case name. Printing, logging, inspecting or JSON-encoding one
 * shows the names only. The values live in a closure, so there is no field to find them in; only `get` and `entries`
 * give them, to whoever asks by name.
 */
export interface AuthMetadata {
  /** The lower-case names of the headers, in the order they were given. */
  readonly names: readonly string[];
  /**
   * Stands for these credentials in the key of a cache, and tells nothing of them: the same for the same credentials, and
   * another one in each process.
   */
  readonly fingerprint: string;
  /** One header's value, a credential: handle with care. */
  get(name: string): string | undefined;
  /** All headers, values included: handle with care. */
  entries(): [name: string, value: string][];
}

/** Headers as a record or as pairs; where a name repeats, in any case of letters, the last one wins. */
export type AuthHeaders =
  Readonly<Record<string, string | undefined>> | Iterable<readonly [name: string, value: string]>;

/** The most bytes that one credential may have: Node's own limit for all headers of a request together. */
const MAX_HEADER_VALUE_BYTES = 16_384;

/** Why a header's value can't travel, or undefined if it can. */
export function valueProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'is not a string';
  if (value.length > MAX_HEADER_VALUE_BYTES) return `is longer than ${MAX_HEADER_VALUE_BYTES} bytes`;
  if (/[^\t\x20-\x7e]/.test(value)) return 'has a control character or one outside ASCII';
  return value.trim() === '' ? 'is empty' : undefined;
}

function checkHeaderValue(name: string, value: string): string {
  const problem = valueProblem(value);
  if (problem === undefined) return value.trim();
  throw new FlyteError('invalid_argument', `The value of the header "${name}" ${problem}.`);
}

const fingerprintKey = randomBytes(32);

/** Keyed, so that nobody who sees one can try tokens against it; sorted, as the order of headers means nothing. */
function fingerprintOf(values: ReadonlyMap<string, string>): string {
  const sorted = [...values].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHmac('sha256', fingerprintKey).update(JSON.stringify(sorted)).digest('base64url');
}

/**
 * Checks headers and closes them into an {@link AuthMetadata}. Undefined values of a record are left out.
 *
 * @throws FlyteError `misuse` for a refused name, see {@link checkHeaderName}; `invalid_argument` for a value with control
 * characters or bytes from 0x80 up, for an empty one and for one of over 16 KiB. No message quotes a value.
 */
export function createAuthMetadata(headers: AuthHeaders): AuthMetadata {
  const pairs: Iterable<readonly [string, string | undefined]> =
    Symbol.iterator in headers ? headers : Object.entries(headers);
  const values = new Map<string, string>();
  for (const pair of pairs) {
    // A list of texts would be taken apart into letters.
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new FlyteError('misuse', 'Give headers as a record, or as a list of pairs: [[name, value], …].');
    }
    const [name, value] = pair;
    if (value === undefined) continue;
    const lower = checkHeaderName(name);
    values.set(lower, checkHeaderValue(lower, value));
  }
  const names = Object.freeze([...values.keys()]);
  const shown = `AuthMetadata(${names.join(', ')})`;
  const metadata = { names };
  // Hidden from inspect and from spreading: what is left to see of the object is the list of names.
  for (const [key, value] of Object.entries({
    get: (name: string) => values.get(name.toLowerCase()),
    entries: () => [...values],
    toJSON: () => ({ names }),
    toString: () => shown,
  })) {
    Object.defineProperty(metadata, key, { value });
  }
  Object.defineProperty(metadata, 'fingerprint', { get: () => fingerprintOf(values) });
  Object.defineProperty(metadata, inspect.custom, { value: () => shown });
  return Object.freeze(metadata) as unknown as AuthMetadata;
}
