import { setMaxListeners } from 'node:events';
import { dirname } from 'node:path';
import { Code, ConnectError } from '@connectrpc/connect';
import { FlyteError, groupClashes } from 'nestjs-flyte/protocol';
import { Engine } from '../execution/engine.js';
import { secretsOfTasks } from '../execution/secrets/secrets-of-tasks.js';
import { callHandler } from '../calls/call-handler.js';
import { admission } from '../calls/verify-caller.js';
import { fileRoutes } from '../files/file-routes.js';
import { SignedUrls } from '../files/signed-urls.js';
import { planeDocuments } from '../http/documents.js';
import { hostGuard } from '../http/host-guard.js';
import { listen } from '../http/listener.js';
import { isWildcard, urlHost } from '../http/host-names.js';
import { planeHandler } from '../http/plane-handler.js';
import { JWKS_PATH } from '../services/discovery.js';
import type { TaskStore } from '../runs/task-store.js';
import type { PlaneContext } from '../services/plane-service.js';
import { fireTrigger } from '../services/fire-trigger.js';
import { openMethods, SERVICES } from '../services/services.js';
import { codeOf } from '../state/atomic-file.js';
import type { LocalDatabase } from '../state/local-database.js';
import { DamagedState, isFull } from '../state/state-problem.js';
import { TriggerScheduler } from '../triggers/trigger-scheduler.js';
import { TriggerStore, type TriggerRecord } from '../triggers/trigger-store.js';
import type { Caller } from '../tokens/caller.js';
import { signToken } from '../tokens/sign-token.js';
import { tokenVerifier } from '../tokens/verify-token.js';
import type { LocalControlPlane } from './local-control-plane.js';
import { resolvePlaneOptions, type LocalControlPlaneOptions, type ResolvedPlaneOptions } from './plane-options.js';
import { openState, type PlaneState } from './plane-state.js';

/**
 * Starts a Flyte control plane in this process, for development and tests.
 *
 * @returns the running plane; call its `close`
 * @throws FlyteError `invalid_configuration` if an option is wrong, the port is taken, or the state folder is in use,
 * damaged or somebody else's; `resource_exhausted` if its disk is full
 */
export async function startLocalControlPlane(options: LocalControlPlaneOptions = {}): Promise<LocalControlPlane> {
  const resolved = resolvePlaneOptions(options);
  const state = await openState(resolved.state);
  try {
    return await serve(resolved, state);
  } catch (error) {
    state.close();
    throw isFull(error) ? diskFull(dirname(state.dataFolder), error) : error;
  }
}

function diskFull(folder: string, cause: unknown): FlyteError {
  const message = `The disk of the state folder ${folder} is full (${codeOf(cause)}). Free some space there, and start again.`;
  return new FlyteError('resource_exhausted', message, { cause });
}

async function serve(options: ResolvedPlaneOptions, state: PlaneState): Promise<LocalControlPlane> {
  let url = '';
  const certificate = options.tls === undefined ? undefined : String(options.tls.ca ?? options.tls.cert);
  const engine = Engine.open({ ...options, ...state, url: () => url, certificate, warn: options.onWarning });
  try {
    return await listenFor(options, state, engine, (listened) => (url = listened));
  } catch (error) {
    await engine.close();
    throw error;
  }
}

async function listenFor(
  options: ResolvedPlaneOptions,
  state: PlaneState,
  engine: Engine,
  onListening: (url: string) => void,
): Promise<LocalControlPlane> {
  const { audience, allowedHosts, workingDirectory, onWarning: warn } = options;
  const shutdown = new AbortController();
  // Every open call listens to it, and Node warns of a leak at the eleventh.
  setMaxListeners(0, shutdown.signal);
  let url = '';
  const signedUrls = new SignedUrls(() => url);
  const verifyToken = tokenVerifier(state.key, audience);
  const verify = async (token: string): Promise<Caller> => engine.tokens.find(token) ?? verifyToken(token);
  const store = new TriggerStore(state.database, options.clock);
  const fire = (trigger: TriggerRecord, due: number): void => fireTrigger(context, trigger, due);
  const scheduler = new TriggerScheduler({ store, clock: options.clock, warn, fire });
  const context: PlaneContext = {
    ...{ database: state.database, url: () => url, audience, workingDirectory, engine, signedUrls, warn },
    triggers: { store, scheduler },
  };
  const handler = planeHandler({
    guard: hostGuard(new Set(allowedHosts)),
    documents: planeDocuments({
      url: context.url,
      publicJwk: state.key.publicJwk,
      isReady: () => isReady(state.database),
    }),
    files: fileRoutes(state.dataFolder, signedUrls),
    calls: callHandler({
      ...options,
      routes(router) {
        for (const service of SERVICES) service.register(router, context);
        options.routes?.(router);
      },
      admit: admission({ verify, isOpen: openMethods(SERVICES, options.auth) }),
      state: dirname(state.dataFolder),
      shutdownSignal: shutdown.signal,
    }),
  });
  const listener = await listen({ ...options, handler });
  url = `${options.tls === undefined ? 'http' : 'https'}://${urlHost(publicHost(options))}:${listener.port}`;
  onListening(url);
  const close = async (): Promise<void> => {
    // First, so that watchers end by themselves and their clients hear why.
    shutdown.abort(new ConnectError('The control plane is shutting down.', Code.Unavailable));
    scheduler.close();
    await Promise.all([listener.close(), engine.close()]);
    state.close();
  };
  let closing: Promise<void> | undefined;
  const plane: LocalControlPlane = {
    url,
    port: listener.port,
    jwksUri: `${url}${JWKS_PATH}`,
    audience,
    token: (subject, claims = {}) =>
      signToken(state.key, url, subject, { ...claims, audience: claims.audience ?? audience }),
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => plane.close(),
  };
  try {
    state.saveStart({ url, audience });
    for (const warning of taskWarnings(engine.tasks)) warn(warning);
    // Now that actions can be told where the plane listens.
    engine.executor.recover();
    scheduler.start();
  } catch (error) {
    await listener.close();
    throw error;
  }
  return plane;
}

/** A task that can't be read is said, and keeps nobody from deploying it again. */
function taskWarnings(tasks: TaskStore): readonly string[] {
  try {
    return groupClashes(secretsOfTasks(tasks)).map((clash) => `Of the deployed tasks, ${clash}.`);
  } catch (error) {
    if (error instanceof DamagedState) return [error.message];
    throw error;
  }
}

function isReady(database: LocalDatabase): boolean {
  try {
    return database.get('SELECT 1 AS one') !== undefined;
  } catch {
    return false;
  }
}

/** Nobody can call "every interface" by its address; a name that is allowed is the better guess. */
function publicHost({ host, allowedHosts }: ResolvedPlaneOptions): string {
  return isWildcard(host) ? (allowedHosts[0] ?? (host === '::' ? '::1' : '127.0.0.1')) : host;
}
