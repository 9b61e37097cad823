import type { AuthMetadata } from '../../auth/auth-metadata.js';
import { currentAuthScope, requestIsOver, runAsOneCall } from '../../auth/auth-scope.js';
import type { ForwardedHeader } from '../../auth/forwarded-headers.js';
import { FlyteError } from '../../errors/flyte-error.js';
import type { GiveCredentials } from '../options/service-login.js';

/** On whose behalf a call is made. */
export interface Caller {
  /** What travels with the call; undefined for an anonymous one. */
  readonly credentials: () => AuthMetadata | undefined | Promise<AuthMetadata>;
  /** Gives others in place of those that Flyte refused: the app's own, which may have been kept for too long. */
  readonly renew?: GiveCredentials;
  /** What travels along and is no credential. */
  readonly forwarded?: readonly ForwardedHeader[];
  /** Fires when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
  /** Whether the app calls for itself, or nobody does: no credentials of a user are at stake. */
  readonly isApp?: boolean;
}

/** What decides who the caller is. */
export interface CallerPolicy {
  /** The module instance. */
  readonly owner: symbol;
  /** Whether calls must have a caller of their own. */
  readonly passthrough: boolean;
  /** The app's own credentials, if it has any. */
  readonly serviceCredentials?: GiveCredentials | undefined;
}

/**
 * The caller of the running code: of its scope, or the app itself where that is allowed. Credentials of the app never
 * stand in for those of a user: with passthrough they are used only where the code asks for them.
 *
 * @param asService whether the code asked for the app's own credentials
 * @throws FlyteError `misuse` if there is no caller, or the caller's request has been answered, and what to do about it
 */
export function findCaller(policy: CallerPolicy, asService: boolean): Caller {
  const scope = currentAuthScope(policy.owner);
  if (asService) return { ...theApp(policy), signal: scope?.life?.signal };
  if (scope?.life?.isOver) throw requestIsOver();
  if (scope) return { credentials: () => scope.metadata, forwarded: scope.forwarded, signal: scope.life?.signal };
  if (policy.passthrough) {
    throw new FlyteError(
      'misuse',
      'Flyte was called as the caller, but the running code belongs to no request. In a handler, check that the route is ' +
        'not excluded; in a callback of a longer-lived object, use bindAuthScope or inAuthScope; without a request, use ' +
        "authMetadata(headers, fn), or client.with({ credentials: 'service' }).",
    );
  }
  return itself(policy.serviceCredentials);
}

/** The caller of what a process asks for itself, whoever its code calls for; anonymous without credentials. */
export function itself(credentials: GiveCredentials | undefined): Caller {
  return credentials ? theApp({ serviceCredentials: credentials }) : { credentials: () => undefined, isApp: true };
}

function theApp({ serviceCredentials }: Pick<CallerPolicy, 'serviceCredentials'>): Caller {
  if (!serviceCredentials) throw noServiceCredentials();
  return { credentials: () => serviceCredentials(), renew: serviceCredentials, isApp: true };
}

/** Makes each method of a service one call, whatever it asks of Flyte: begun before its request was answered, it ends well. */
export function asCalls<T extends object>(service: T): T {
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(service))) {
    const method: unknown = property.value;
    if (typeof method !== 'function') continue;
    const value = (...args: unknown[]): unknown => runAsOneCall(() => method.apply(service, args) as unknown);
    Object.defineProperty(service, name, { ...property, value });
  }
  return service;
}

/** What `with({ credentials: 'service' })` fails with where there are none. */
export function noServiceCredentials(): FlyteError {
  return new FlyteError('misuse', 'There are no service credentials. Give FlyteModule the option "credentials".');
}
