import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { ConnectRouter, Interceptor } from '@connectrpc/connect';
import { FlyteError, isLoopback } from 'nestjs-flyte/protocol';
import type { CallLogger } from '../calls/log-calls.js';
import type { TlsOptions } from '../http/listener.js';
import { hostName, isWildcard } from '../http/host-names.js';
import { NEVER_STARTED } from '../state/last-start.js';
import { SYSTEM_CLOCK, type Clock } from '../triggers/clock.js';
import { DEFAULT_STATE } from '../state/state-folder.js';

/** What `startLocalControlPlane` takes. An option that is undefined has its default. */
export interface LocalControlPlaneOptions {
  /** The port, 8090 by default; 0 takes a free one. */
  readonly port?: number | undefined;
  /** The address to listen on, 127.0.0.1 by default. Any but a loopback one needs {@link allowRemote}. */
  readonly host?: string | undefined;
  /** The folder of the signing key and the database, `.flyte-local` by default; `:memory:` keeps nothing. */
  readonly state?: string | undefined;
  /** `required` by default. `optional` lets callers without a token read projects; everything else needs one still. */
  readonly auth?: 'required' | 'optional' | undefined;
  /** Whom tokens must be for, `flyte-local` by default. */
  readonly audience?: string | undefined;
  /** With a certificate, the port speaks TLS only. */
  readonly tls?: TlsOptions | undefined;
  /** Allows a {@link host} that other machines reach; it needs {@link tls} and required {@link auth} too. */
  readonly allowRemote?: boolean | undefined;
  /** Names besides the loopback ones that requests may have in Host and Origin, without ports. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** How many streams an HTTP/2 client may have open on one connection, {@link DEFAULT_STREAMS} by default. */
  readonly maxConcurrentStreams?: number | undefined;
  /** Run around each call once its token is verified: for tests that watch, delay or refuse calls. */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /** Adds methods to those of the plane, or replaces them: for tests. They need a token, like all others. */
  readonly routes?: ((router: ConnectRouter) => void) | undefined;
  /** Is told of each call that ended. */
  readonly logger?: CallLogger | undefined;
  /** How many actions run at a time, the number of processors by default; further ones wait in the order they came. */
  readonly maxConcurrentActions?: number | undefined;
  /** How long an action that is aborted, timed out or shut down may take to end, in milliseconds: 5000 by default. */
  readonly abortGraceMs?: number | undefined;
  /** The folder that the commands of actions run in, the working directory of this process by default. */
  readonly workingDirectory?: string | undefined;
  /** The clock by which triggers fire, this machine's by default: for tests, which set one themselves. */
  readonly clock?: Clock | undefined;
  /** Is told what the plane's user should know, such as a secret that is declared under two groups. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** How many streams Flyte, by Go's HTTP/2 server, allows on a connection. */
export const DEFAULT_STREAMS = 250;

/** Options with every default filled in, and checked. */
export interface ResolvedPlaneOptions {
  /** See {@link LocalControlPlaneOptions.port}. */
  readonly port: number;
  /** The address to listen on, without brackets. */
  readonly host: string;
  /** See {@link LocalControlPlaneOptions.state}. */
  readonly state: string;
  /** See {@link LocalControlPlaneOptions.auth}. */
  readonly auth: 'required' | 'optional';
  /** See {@link LocalControlPlaneOptions.audience}. */
  readonly audience: string;
  /** See {@link LocalControlPlaneOptions.tls}. */
  readonly tls: TlsOptions | undefined;
  /** In lower case; the listened name is among them. */
  readonly allowedHosts: readonly string[];
  /** See {@link LocalControlPlaneOptions.maxConcurrentStreams}. */
  readonly maxConcurrentStreams: number;
  /** See {@link LocalControlPlaneOptions.interceptors}. */
  readonly interceptors: readonly Interceptor[];
  /** See {@link LocalControlPlaneOptions.routes}. */
  readonly routes: ((router: ConnectRouter) => void) | undefined;
  /** See {@link LocalControlPlaneOptions.logger}. */
  readonly logger: CallLogger | undefined;
  /** See {@link LocalControlPlaneOptions.maxConcurrentActions}. */
  readonly maxConcurrentActions: number;
  /** See {@link LocalControlPlaneOptions.abortGraceMs}. */
  readonly abortGraceMs: number;
  /** An absolute path. */
  readonly workingDirectory: string;
  /** See {@link LocalControlPlaneOptions.clock}. */
  readonly clock: Clock;
  /** See {@link LocalControlPlaneOptions.onWarning}. */
  readonly onWarning: (message: string) => void;
}

/**
 * Fills in the defaults of options and checks them.
 *
 * @throws FlyteError `invalid_configuration` that names the option, what is wrong with it, and what to do
 */
export function resolvePlaneOptions(options: LocalControlPlaneOptions): ResolvedPlaneOptions {
  const { port = 8090, auth = 'required', audience = NEVER_STARTED.audience, state = DEFAULT_STATE } = options;
  const { tls, maxConcurrentStreams = DEFAULT_STREAMS, interceptors = [], routes, logger } = options;
  const {
    maxConcurrentActions = Math.max(2, availableParallelism()),
    abortGraceMs = 5000,
    clock = SYSTEM_CLOCK,
    onWarning = () => {},
  } = options;
  const host = resolveHost(options.host ?? '127.0.0.1');
  requireWhole('port', port, 0, 65_535);
  // The largest that a SETTINGS frame can say and that is not "no limit" (RFC 9113, 6.5.2).
  requireWhole('maxConcurrentStreams', maxConcurrentStreams, 1, 2 ** 31 - 1);
  requireWhole('maxConcurrentActions', maxConcurrentActions, 1, 1000);
  requireWhole('abortGraceMs', abortGraceMs, 0, 600_000);
  if (auth !== 'required' && auth !== 'optional') {
    throw invalid(`The option \`auth\` is ${JSON.stringify(auth)}, and must be "required" or "optional".`);
  }
  if (audience === '') throw invalid('The option `audience` is empty. Leave it out to have "flyte-local".');
  if (state === '') throw invalid('The option `state` is empty. Leave it out to have the folder ".flyte-local".');
  if (!isLoopback(host)) requireRemote(host, options.allowRemote ?? false, tls, auth);
  // Who says that the plane shall listen as a name, says that it may be called by that name.
  const own = isWildcard(host) ? [] : [host];
  const allowedHosts = [...own, ...(options.allowedHosts ?? []).map(resolveAllowedHost)];
  const workingDirectory = resolveFolder(options.workingDirectory ?? '.');
  return {
    ...{ port, host, state, auth, audience, tls, allowedHosts, maxConcurrentStreams, interceptors, routes, logger },
    ...{ maxConcurrentActions, abortGraceMs, workingDirectory, clock, onWarning },
  };
}

function resolveHost(text: string): string {
  const host = hostName(text);
  if (host !== undefined) return host;
  throw invalid(`The option \`host\` is ${JSON.stringify(text)}, and must be an address or a name without a port.`);
}

function resolveFolder(path: string): string {
  const folder = resolve(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder;
  throw invalid(`The option \`workingDirectory\` is ${JSON.stringify(path)}, and must be a folder.`);
}

function resolveAllowedHost(text: string): string {
  const host = hostName(text);
  if (host !== undefined) return host;
  throw invalid(
    `The option \`allowedHosts\` has ${JSON.stringify(text)}, and each must be a name or an address, without scheme and port.`,
  );
}

function requireWhole(option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw invalid(`The option \`${option}\` is ${value}, and must be a whole number from ${least} to ${most}.`);
}

/** A plane that other machines reach must be meant, encrypted, and closed to anonymous callers. */
function requireRemote(host: string, allowRemote: boolean, tls: TlsOptions | undefined, auth: string): void {
  const missing = [
    ...(allowRemote ? [] : ['`allowRemote` (--allow-remote)']),
    ...(tls === undefined ? ['`tls` (--tls-cert and --tls-key)'] : []),
    ...(auth === 'required' ? [] : ['`auth: "required"` (--auth required)']),
  ];
  if (missing.length === 0) return;
  throw invalid(
    `The host ${host} can be reached by other machines, and that needs ${missing.join(' and ')}. ` +
      'Add that, or listen on 127.0.0.1.',
  );
}

function invalid(message: string): FlyteError {
  return new FlyteError('invalid_configuration', message);
}
