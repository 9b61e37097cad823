import type { Transport } from '@connectrpc/connect';
import { findCaller, noServiceCredentials, type CallerPolicy } from './caller.js';
import { asCaller, type CallLimits, type Wire } from './flyte-transport.js';
import { createProjectService, type ProjectService } from './project.service.js';
import { createUserService, type UserService } from './user.service.js';

/** In what a narrowed client differs from the one it was made of. */
export interface FlyteClientNarrowing {
  readonly org?: string;
  readonly project?: string;
  readonly domain?: string;
  /** `service`: the app's own credentials, in place of the caller's. */
  readonly credentials?: 'service';
  /** How long a call may take, in milliseconds. */
  readonly timeoutMs?: number;
}

/** One Flyte, with everything that can be asked of it. Each call is made as the caller of the running code. */
export abstract class FlyteClient {
  abstract readonly users: UserService;
  abstract readonly projects: ProjectService;
  /**
   * For what this library has no method for: a Connect transport that adds the caller, deadlines and retries, and fails as
   * FlyteError. Combine it with a service of `nestjs-flyte/idl/…`: `createClient(RunService, flyte.transport)`. Leaving
   * the loop over a stream of such a client does not end the stream; give it a signal, and abort that.
   */
  abstract readonly transport: Transport;
  /**
   * A copy that differs in what is given; undefined leaves a value as it is.
   *
   * @throws FlyteError `misuse` for `credentials: 'service'` where the module has no `credentials`
   */
  abstract with(narrowing: FlyteClientNarrowing): FlyteClient;
}

/** All that a client is made of. */
export interface FlyteClientParts {
  readonly wire: Wire;
  readonly callers: CallerPolicy;
  readonly limits: CallLimits;
  readonly org?: string;
  readonly project?: string;
  readonly domain?: string;
  readonly asService?: boolean;
}

/** Makes a client; nothing is opened. */
export function createFlyteClient(parts: FlyteClientParts): FlyteClient {
  const { wire, callers, limits, asService = false } = parts;
  const transport = asCaller(wire, () => findCaller(callers, asService), limits);
  return {
    transport,
    users: createUserService(transport),
    projects: createProjectService(transport, parts),
    with({ credentials, timeoutMs, org, project, domain }) {
      if (credentials === 'service' && !callers.serviceCredentials) throw noServiceCredentials();
      return createFlyteClient({
        ...parts,
        org: org ?? parts.org,
        project: project ?? parts.project,
        domain: domain ?? parts.domain,
        asService: credentials === 'service' || asService,
        limits: { ...limits, timeoutMs: timeoutMs ?? limits.timeoutMs },
      });
    },
  };
}
