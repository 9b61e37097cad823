import { valueProblem } from './auth-metadata.js';
import type { InboundRequest } from './inbound-request.js';

/** A header that travels along with a caller's credentials, by its lower-case name. */
export type ForwardedHeader = readonly [name: string, value: string];

/**
 * What a request brought of the headers that the option `forwardHeaders` names. Repeated ones are joined, as HTTP allows
 * (RFC 9110, 5.3); what can't travel is left out: a tracer's header is no reason to refuse a request.
 */
export function forwardedHeaders(request: InboundRequest, names: readonly string[]): ForwardedHeader[] {
  return names.flatMap((name): ForwardedHeader[] => {
    const value = request.valuesOf(name).join(', ').trim();
    return valueProblem(value) === undefined ? [[name, value]] : [];
  });
}
