// For users.
export { startLocalControlPlane } from './plane/start-local-control-plane.js';
export type { LocalControlPlaneOptions } from './plane/plane-options.js';
export type { LocalControlPlane } from './plane/local-control-plane.js';
export { mintToken, type MintTokenOptions } from './tokens/mint-token.js';
export type { TokenClaims } from './tokens/sign-token.js';
export type { TlsOptions } from './http/listener.js';
export type { Clock } from './triggers/clock.js';

// For tests that watch the plane with interceptors and routes of their own.
export { callerOf } from './calls/caller-context.js';
export type { Caller } from './tokens/caller.js';
export type { CallLogEntry, CallLogger } from './calls/log-calls.js';
