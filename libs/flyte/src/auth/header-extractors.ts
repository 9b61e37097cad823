import type { ExecutionContext } from '@nestjs/common';
import { FlyteError } from '../errors/flyte-error.js';
import { checkHeaderName, type AuthHeaders } from './auth-metadata.js';
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
 * @throws FlyteError `misuse` for a name that may not carry credentials
 */
export function fromHeader(name: string): HeaderExtractor {
  const lower = checkHeaderName(name);
  return named(`fromHeader(${lower})`, (context) => single(lower, received(context, lower)));
}

/**
 * Passes on the `Cookie` header.
 *
 * @param options `only`: the names of the cookies that may travel; without it, all do, the app's own session included
 */
export function fromCookie(options: { only?: readonly string[] } = {}): HeaderExtractor {
  const { only } = options;
  return named('fromCookie', (context) => {
    // HTTP/2 allows the header to be split (RFC 9113, 8.2.3).
    const pairs = received(context, 'cookie').flatMap((header) => header.split(';').map((pair) => pair.trim()));
    const kept = pairs.filter((pair) => pair !== '' && (!only || only.includes(pair.slice(0, pair.indexOf('=')))));
    return kept.length > 0 ? { cookie: kept.join('; ') } : undefined;
  });
}

function named(name: string, extractor: HeaderExtractor): HeaderExtractor {
  return Object.defineProperty(extractor, 'name', { value: name });
}
