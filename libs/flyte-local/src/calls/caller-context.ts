import { Code, ConnectError, createContextKey, type ContextKey, type ContextValues } from '@connectrpc/connect';
import type { ActionKey } from '../runs/action-id.js';
import type { Caller } from '../tokens/caller.js';

/** Where a call's context values keep its verified caller. */
export const callerKey: ContextKey<Caller | undefined> = createContextKey<Caller | undefined>(undefined, {
  description: 'the verified caller',
});

/**
 * Who makes a call: for interceptors and routes that a test adds, as well as for the services.
 *
 * @param values the context values of an interceptor's request or of a handler's context
 * @returns undefined for an anonymous call
 */
export function callerOf(values: ContextValues): Caller | undefined {
  return values.get(callerKey);
}

/**
 * Who makes a call that can't be anonymous.
 *
 * @throws ConnectError `unauthenticated` for an anonymous call
 */
export function requireCaller(values: ContextValues): Caller {
  const caller = callerOf(values);
  if (caller === undefined) throw unauthenticated('This call needs a token.');
  return caller;
}

/**
 * Refuses a project that the caller's token may not touch, whether it exists or not.
 *
 * @param values the call's context values
 * @param project the project's id
 * @throws ConnectError `permission_denied`
 */
export function requireProject(values: ContextValues, project: string): void {
  const allowed = callerOf(values)?.projects;
  if (allowed === undefined || allowed.has(project)) return;
  throw new ConnectError('The token may not touch this project.', Code.PermissionDenied);
}

/**
 * Refuses a run that the caller's token is not good for, whether it exists or not: of an action, every other than its own.
 *
 * @throws ConnectError `permission_denied`
 */
export function requireRun(values: ContextValues, key: Pick<ActionKey, 'project' | 'domain' | 'run'>): void {
  requireProject(values, key.project);
  const own = callerOf(values)?.run;
  if (own === undefined) return;
  if (own.project === key.project && own.domain === key.domain && own.run === key.run) return;
  throw new ConnectError('The token of an action is good for its own run, and for no other.', Code.PermissionDenied);
}

/** The error of a call without a valid token. @param message for people, without any part of a token */
export function unauthenticated(message: string): ConnectError {
  return new ConnectError(message, Code.Unauthenticated, { 'www-authenticate': 'Bearer' });
}
