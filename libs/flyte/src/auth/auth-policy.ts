import 'reflect-metadata';
import type { ExecutionContext } from '@nestjs/common';
import type { BearerVerifier } from './bearer-verifier.js';
import type { HeaderExtractor } from './header-extractors.js';
import type { HttpRequestLine, InboundRequest } from './inbound-request.js';

/**
 * What guard and interceptor of one module instance go by: its options, resolved. Also the token under which they are
 * injected.
 */
export abstract class AuthPolicy {
  /** Names the module instance; only its own clients use the scopes it opens. */
  abstract readonly owner: symbol;
  /** Whether anything is demanded and passed on at all. */
  abstract readonly passthrough: boolean;
  /** Where credentials are looked for; what all of them find travels. */
  abstract readonly extractors: readonly HeaderExtractor[];
  /** Whether a request line was named in `excludedPaths`; absent where none is. */
  abstract readonly isExcluded?: ((line: HttpRequestLine) => boolean) | undefined;
  /** Checks a bearer token; absent where tokens are passed on unverified. */
  abstract readonly verify?: BearerVerifier;
  /** With `verify`: the names of the headers that travel beside `authorization`. */
  abstract readonly alsoForward: readonly string[];
  /** Origins of other sites whose pages may send cookies, and what else browsers send by themselves. */
  abstract readonly trustedOrigins: readonly string[];
  /** The names of headers that travel along with the credentials and authenticate nobody. */
  abstract readonly forwardHeaders: readonly string[];
}

/** How a handler treats credentials: demands them, takes them if there are any, or leaves them alone. */
export type AuthRequirement = 'required' | 'optional' | 'none';

/** The metadata key of the decorators that declare an {@link AuthRequirement}. */
export const AUTH_REQUIREMENT = 'nestjs-flyte:auth-requirement';

/**
 * What holds for a request: what either the options or a decorator opens is open. A class that
 * extends an open one is not open itself: `Reflector` would read the decorator of the class that it extends.
 */
export function requirementOf(policy: AuthPolicy, context: ExecutionContext, request: InboundRequest): AuthRequirement {
  if (!policy.passthrough) return 'none';
  const declared = knownRequirement(policy, context.getHandler(), context.getClass());
  if (declared === 'none') return declared;
  if (!policy.isExcluded) return declared;
  const line = request.http;
  return line && policy.isExcluded(line) ? 'none' : declared;
}

/** What a handler's own decorator says, or else that of the class that serves it. */
export function declaredRequirement(handler: object, controller: object): AuthRequirement {
  const declared = (target: object): AuthRequirement | undefined =>
    Reflect.getOwnMetadata(AUTH_REQUIREMENT, target) as AuthRequirement | undefined;
  return declared(handler) ?? declared(controller) ?? 'required';
}

/** What was read last for a handler, by one module instance: decorators have settled it before the first request. */
type Declared = WeakMap<object, { readonly controller: object; readonly requirement: AuthRequirement }>;
const declaredFor = new WeakMap<AuthPolicy, Declared>();

/** As {@link declaredRequirement}, which is too slow for each request. */
function knownRequirement(policy: AuthPolicy, handler: object, controller: object): AuthRequirement {
  let known = declaredFor.get(policy);
  if (!known) declaredFor.set(policy, (known = new WeakMap()));
  const before = known.get(handler);
  // A class may inherit the handler.
  if (before?.controller === controller) return before.requirement;
  const requirement = declaredRequirement(handler, controller);
  known.set(handler, { controller, requirement });
  return requirement;
}
