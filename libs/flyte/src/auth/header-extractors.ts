import type { ExecutionContext } from '@nestjs/common';
import { FlyteError } from '../errors/flyte-error.js';
import { valueProblem, type AuthHeaders } from './auth-metadata.js';
import { checkHeaderName, mayAuthenticate } from './header-names.js';
import { inboundRequest } from './inbound-request.js';

/**
 * Finds credentials in a request: headers to send to Flyte, or nothing. One that throws is logged by name and skipped; to
 * refuse the request instead, throw a FlyteError with code `invalid_argument` (400).
 *
 * @param context Nest's own, of any transport
 */
export type HeaderExtractor = (
  context: ExecutionContext,
) => AuthHeaders | null | undefined | Promise<AuthHeaders | null | undefined>;

/** The values of a header in a request, repeated ones one by one. */
function received(context: ExecutionContext, name: string): string[] {
  return inboundRequest(context).headers.flatMap(([key, value]) => (key === name ? [value] : []));
}

function single(name: string, values: string[]): AuthHeaders | undefined {
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
  return named(`fromHeader(${lower})`, (context) => single(lower, received(context, lower)));
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
  return named('fromCookie', (context) => {
    // HTTP/2 allows the header to be split (RFC 9113, 8.2.3).
    const pairs = received(context, 'cookie').flatMap((header) => header.split(';').map((pair) => pair.trim()));
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

function named(name: string, extractor: HeaderExtractor): HeaderExtractor {
  return Object.defineProperty(extractor, 'name', { value: name });
}
