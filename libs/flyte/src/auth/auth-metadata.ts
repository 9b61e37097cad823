import { createHmac, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { FlyteError } from '../errors/flyte-error.js';
import { checkHeaderName, mayAuthenticate } from './header-names.js';

/**
 * Credentials on their way to Flyte: headers, by lower-case name. Printing, logging, inspecting or JSON-encoding one
 * shows the names only. There is no field to find the values in; only `get` and `entries` give them, to whoever asks by
 * name.
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
function fingerprintOf(headers: readonly (readonly [string, string])[]): string {
  const sorted = headers.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHmac('sha256', fingerprintKey).update(JSON.stringify(sorted)).digest('base64url');
}

/** {@link AuthMetadata}: the headers are in a field that nothing outside of this class can read, print or copy. */
class CheckedHeaders implements AuthMetadata {
  readonly #headers: readonly [string, string][];

  constructor(headers: readonly [string, string][]) {
    this.#headers = headers;
  }

  get names(): readonly string[] {
    return this.#headers.map(([name]) => name);
  }

  get fingerprint(): string {
    return fingerprintOf(this.#headers);
  }

  get(name: string): string | undefined {
    const lower = name.toLowerCase();
    return this.#headers.find(([one]) => one === lower)?.[1];
  }

  entries(): [name: string, value: string][] {
    return this.#headers.map(([name, value]) => [name, value]);
  }

  toJSON(): { names: readonly string[] } {
    return { names: this.names };
  }

  toString(): string {
    return `AuthMetadata(${this.names.join(', ')})`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
// Nobody may put a method of their own before the credentials of everybody. It also keeps each object from being assigned to.
Object.freeze(CheckedHeaders.prototype);

/** Collects headers, each checked once, into an {@link AuthMetadata}. */
export class HeaderCollector {
  #headers: readonly [string, string][] = [];
  #mayAuthenticate = false;

  /** Whether any of them can say who sent a request. */
  get mayAuthenticate(): boolean {
    return this.#mayAuthenticate;
  }

  /**
   * Adds headers, in place of earlier ones of the same names. Undefined values of a record are left out.
   *
   * @throws FlyteError as {@link createAuthMetadata} does; none of the headers is added then
   */
  add(headers: AuthHeaders): void {
    // A list, made anew where it changes: there are one or two, and one that grows takes room for seventeen.
    let all = this.#headers;
    const add = (name: string, value: string | undefined): void => {
      if (value === undefined) return;
      const lower = checkHeaderName(name);
      const header: [string, string] = [lower, checkHeaderValue(lower, value)];
      const index = all.findIndex(([one]) => one === lower);
      all = index === -1 ? all.concat([header]) : all.with(index, header);
    };
    if (Symbol.iterator in headers) {
      for (const pair of headers) {
        // A list of texts would be taken apart into letters.
        if (!Array.isArray(pair) || pair.length !== 2) {
          throw new FlyteError('misuse', 'Give headers as a record, or as a list of pairs: [[name, value], …].');
        }
        const [name, value] = pair;
        add(name, value);
      }
    } else {
      for (const name of Object.keys(headers)) add(name, headers[name]);
    }
    this.#headers = all;
    this.#mayAuthenticate = all.some(([name]) => mayAuthenticate(name));
  }

  /** What was collected until now. */
  close(): AuthMetadata {
    return new CheckedHeaders(this.#headers);
  }
}

/**
 * Checks headers and closes them into an {@link AuthMetadata}. Undefined values of a record are left out.
 *
 * @throws FlyteError `misuse` for a refused name, see {@link checkHeaderName}; `invalid_argument` for a value with control
 * characters or bytes from 0x80 up, for an empty one and for one of over 16 KiB. No message quotes a value.
 */
export function createAuthMetadata(headers: AuthHeaders): AuthMetadata {
  const collector = new HeaderCollector();
  collector.add(headers);
  return collector.close();
}
