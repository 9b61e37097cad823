import type { DescMethod } from '@bufbuild/protobuf';
import type { ConnectRouter } from '@connectrpc/connect';
import type { Engine } from '../execution/engine.js';
import type { SignedUrls } from '../files/signed-urls.js';
import type { LocalDatabase } from '../state/local-database.js';
import type { TriggerScheduler } from '../triggers/trigger-scheduler.js';
import type { TriggerStore } from '../triggers/trigger-store.js';

/** What every service of the plane shares. Who calls is in each call's own context: see `requireCaller`. */
export interface PlaneContext {
  /** Where services keep what clients store. */
  readonly database: LocalDatabase;
  /** The plane's URL, which is known once it listens. */
  readonly url: () => string;
  /** The audience of the plane's tokens. */
  readonly audience: string;
  /** The folder that actions run in. */
  readonly workingDirectory: string;
  /** Secrets, tasks, runs, and what executes them. */
  readonly engine: Engine;
  /** The triggers, and what fires them. */
  readonly triggers: { readonly store: TriggerStore; readonly scheduler: TriggerScheduler };
  /** Signs URLs of the plane's files. */
  readonly signedUrls: SignedUrls;
  /** Is told what the plane's user should know. */
  readonly warn: (message: string) => void;
}

/**
 * One service of the plane. A further service is one more file that exports one of these, and its name in the list of
 * `services.ts`.
 */
export interface PlaneService {
  /** Methods that anybody may call, always. */
  readonly publicMethods?: readonly DescMethod[];
  /** Methods that only read, and that anybody may call with `auth: 'optional'`. */
  readonly anonymousReads?: readonly DescMethod[];
  /** Adds the methods to the router; those left out answer `unimplemented`. */
  register(router: ConnectRouter, context: PlaneContext): void;
}
