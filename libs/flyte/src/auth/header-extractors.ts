import type { ExecutionContext } from '@nestjs/common';
import { FlyteError } from '../errors/flyte-error.js';
import { valueProblem, type AuthHeaders } from './auth-metadata.js';
import { checkHeaderName, mayAuthenticate } from './header-names.js';
import { inboundRequest, type InboundRequest } from './inbound-request.js';

/**
 * Finds credentials in a request: headers to send to Flyte, or nothing. One that throws is logged by name and skipped; to
 * refuse the request instead, throw a FlyteError with code `invalid_argument` (400).
 *
 * @param context Nest's own, of any transport
 */
export type HeaderExtractor = (
  context: ExecutionContext,
) => AuthHeaders | null | undefined | Promise<AuthHeaders | null | undefined>;

function single(name: string, values: readonly string[]): AuthHeaders | undefined {
  if (values.length > 1) {
    // Which of them a proxy checked, and which one Flyte would read, nobody knows.
    throw new FlyteError('invalid_argument', `The request has ${values.length} "${name}" headers. Send one.`);
  }
  const [value] = values;
  return value ? { [name]: value } : undefined;
}

/** Passes on the `Authorization` header. More than one of them is a 400. */
export function fromAuthorization(): HeaderExtractor {
  return fromHeader('authorization');
}

/**
 * Passes on a header of your choice.
 *
 * @param name in any case of letters
 * @throws FlyteError `misuse` for a name that may not carry credentials; `invalid_configuration` for one that says nothing
 * of who sent it, such as `traceparent`
 */
export function fromHeader(name: string): HeaderExtractor {
  const lower = checkHeaderName(name);
  if (!mayAuthenticate(lower)) {
    throw new FlyteError(
      'invalid_configuration',
      `fromHeader(${JSON.stringify(name)}) would take anybody's request for authenticated: the header is no credential. ` +
        `To send it along with credentials, give FlyteModule the option forwardHeaders: [${JSON.stringify(lower)}].`,
    );
  }
  return named(`fromHeader(${lower})`, (request) => single(lower, request.valuesOf(lower)));
}

// RFC 6265, section 4.1.1; in lower and upper case, which differ.
const COOKIE_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

/**
 * Passes on the `Cookie` header. A cookie that can't travel, as it has a control character or one outside ASCII, is left
 * out.
 *
 * @param options `only`: the exact names of the cookies that may travel; without it, all do, the app's own session included
 * @throws FlyteError `invalid_configuration` for an `only` that is not a list of names
 */
export function fromCookie(options: { only?: readonly string[] } = {}): HeaderExtractor {
  const only = options.only && new Set(checkCookieNames(options.only));
  return named('fromCookie', (request) => {
    const values = request.valuesOf('cookie');
    if (values.length === 0) return undefined;
    // HTTP/2 allows the header to be split (RFC 9113, 8.2.3).
    const pairs = values.flatMap((header) => header.split(';').map((pair) => pair.trim()));
    const kept = pairs.filter((pair) => valueProblem(pair) === undefined && (!only || only.has(cookieName(pair))));
    const cookie = kept.join('; ');
    return valueProblem(cookie) === undefined ? { cookie } : undefined;
  });
}

/** The name of a cookie. One without `=` has none: browsers take it for a value. */
function cookieName(pair: string): string {
  return pair.slice(0, Math.max(0, pair.indexOf('=')));
}

function isCookieName(name: unknown): boolean {
  return typeof name === 'string' && COOKIE_NAME.test(name);
}

function checkCookieNames(only: readonly string[]): readonly string[] {
  const given: unknown = only;
  if (Array.isArray(given) && given.length > 0 && given.every(isCookieName)) return only;
  throw new FlyteError(
    'invalid_configuration',
    'fromCookie: give "only" the names of cookies, such as { only: ["flyte_idt"] }, or leave it out.',
  );
}

/** How this library's own extractors read a request that the guard has at hand. */
const READS = Symbol('nestjs-flyte.reads');
type Reading = (request: InboundRequest) => AuthHeaders | undefined;

function named(name: string, reads: Reading): HeaderExtractor {
  const extractor: HeaderExtractor = (context) => reads(inboundRequest(context));
  return Object.defineProperties(extractor, { name: { value: name }, [READS]: { value: reads } });
}

/** Runs an extractor. */
export function extractFrom(
  extractor: HeaderExtractor & { readonly [READS]?: Reading },
  context: ExecutionContext,
  request: InboundRequest,
): ReturnType<HeaderExtractor> {
  const reads = extractor[READS];
  return reads ? reads(request) : extractor(context);
}
