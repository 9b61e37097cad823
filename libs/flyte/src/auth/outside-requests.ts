import { AsyncResource } from 'node:async_hooks';

// Made while no request runs.
const outside = new AsyncResource('nestjs-flyte');

/**
 * Runs what outlives the request that happens to need it first: opens a connection, starts a timer, imports a module. Sockets,
 * timers and the promises of Node's module loader keep the asynchronous context that they are made in, with the caller's
 * credentials, for as long as they live.
 */
export function outsideRequests<T>(fn: () => T): T {
  return outside.runInAsyncScope(fn);
}
