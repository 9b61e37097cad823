import { inspect } from 'node:util';
import { FlyteError } from '../errors/flyte-error.js';

/**
 * Credentials on their way to Flyte: headers, by lower-case name. Printing, logging, inspecting or JSON-encoding one
 * shows the names only. The values live in a closure, so there is no field to find them in; only `get` and `entries`
 * give them, to whoever asks by name.
 */
export interface AuthMetadata {
  /** The lower-case names of the headers, in the order they were given. */
  readonly names: readonly string[];
  /** One header's value, a credential: handle with care. */
  get(name: string): string | undefined;
  /** All headers, values included: handle with care. */
  entries(): [name: string, value: string][];
}

/** Headers as a record or as pairs; where a name repeats, in any case of letters, the last one wins. */
export type AuthHeaders =
  Readonly<Record<string, string | undefined>> | Iterable<readonly [name: string, value: string]>;

/** The most bytes that one credential may have. Node's own limit for all headers of a request together is 16 KiB. */
const MAX_HEADER_VALUE_BYTES = 8192;

const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

// Headers by which a proxy in front of Flyte, or the protocol itself, would be told something that only they may say.
// flyteorg/flyte runs/service/identity.go: a load balancer's claims headers win over Authorization.
const REFUSED_NAMES = new Set(
  `connection expect forwarded host http2-settings keep-alive proxy-authenticate proxy-authorization proxy-connection te
   trailer trailers transfer-encoding upgrade user-agent x-real-ip`.split(/\s+/),
);
const REFUSED_PREFIXES = [':', 'content-', 'connect-', 'grpc-', 'x-forwarded-', 'x-amzn-oidc-', 'x-auth-request-'];

/**
 * The lower-case form of a header's name, if credentials may travel under it.
 *
 * @throws FlyteError `misuse` for a name that is not a header's, or that would speak for someone else: pseudo and
 * hop-by-hop headers, `host`, `content-*`, `connect-*`, `grpc-*`, `user-agent` and those that proxies set.
 */
export function checkHeaderName(name: string): string {
  const lower = name.toLowerCase();
  if (REFUSED_NAMES.has(lower) || REFUSED_PREFIXES.some((prefix) => lower.startsWith(prefix))) {
    throw new FlyteError(
      'misuse',
      `The header ${JSON.stringify(lower)} can't carry a credential: a proxy or the protocol itself sets it. ` +
        'Use a header of your own, such as "x-api-key".',
    );
  }
  if (!TOKEN.test(lower)) {
    throw new FlyteError(
      'misuse',
      `${JSON.stringify(name)} is not the name of an HTTP header. Use one like "x-api-key".`,
    );
  }
  return lower;
}

function checkHeaderValue(name: string, value: unknown): string {
  const problem =
    typeof value !== 'string'
      ? 'is not a string'
      : value.length > MAX_HEADER_VALUE_BYTES
        ? `is longer than ${MAX_HEADER_VALUE_BYTES} bytes`
        : /[^\t\x20-\x7e]/.test(value)
          ? 'has a control character or one outside ASCII'
          : value.trim() === ''
            ? 'is empty'
            : undefined;
  if (problem !== undefined || typeof value !== 'string') {
    throw new FlyteError('invalid_argument', `The value of the header "${name}" ${problem ?? 'is not valid'}.`);
  }
  return value.trim();
}

/**
 * Checks headers and closes them into an {@link AuthMetadata}. Undefined values of a record are left out.
 *
 * @throws FlyteError `misuse` for a refused name, see {@link checkHeaderName}; `invalid_argument` for a value with control
 * characters or bytes from 0x80 up, for an empty one and for one of over 8 KiB. No message quotes a value.
 */
export function createAuthMetadata(headers: AuthHeaders): AuthMetadata {
  const pairs: Iterable<readonly [string, string | undefined]> =
    Symbol.iterator in headers ? headers : Object.entries(headers);
  const values = new Map<string, string>();
  for (const pair of pairs) {
    // A list of texts would be taken apart into letters.
    if (!Array.isArray(pair) || pair.length !== 2) throw new FlyteError('misuse', 'Give headers as [name, value].');
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
  Object.defineProperty(metadata, inspect.custom, { value: () => shown });
  return Object.freeze(metadata) as unknown as AuthMetadata;
}

/**
 * A text of someone else, with every credential in it replaced by `***`: whole header values, the part after an
 * authentication scheme, and single cookies.
 */
export function redact(text: string, metadata: AuthMetadata | undefined): string {
  const secrets = new Set<string>();
  for (const [name, value] of metadata?.entries() ?? []) {
    secrets.add(value);
    const parts =
      name === 'cookie' ? value.split(';').map((pair) => pair.slice(pair.indexOf('=') + 1)) : value.split(/\s+/);
    for (const part of parts) {
      // Shorter ones, such as the scheme "Basic" or a cookie's flag, are no credentials, and would riddle the text.
      if (part.trim().length >= MIN_REDACTED_LENGTH) secrets.add(part.trim());
    }
  }
  return [...secrets]
    .toSorted((a, b) => b.length - a.length)
    .reduce((redacted, secret) => redacted.replaceAll(secret, '***'), text);
}

const MIN_REDACTED_LENGTH = 8;
