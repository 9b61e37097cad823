import type { Type } from '@nestjs/common';
import { createClient, type Transport } from '@connectrpc/connect';
import type { FileService } from '../../files/file.service.js';
import { DataProxyService } from '../../gen/flyteidl2/dataproxy/dataproxy_service_pb.js';
import { RunService as Runs } from '../../gen/flyteidl2/workflow/run_service_pb.js';
import { isTaskRef, type TaskRef } from '../../tasks/task-ref.js';
import { createCallerFiles } from '../files/caller-files.js';
import { asCalls, findCaller, noServiceCredentials, type CallerPolicy } from '../connection/caller.js';
import type { CallLimits } from '../connection/call-parts.js';
import { asCaller } from '../connection/flyte-transport.js';
import type { Endpoint } from '../options/endpoint.js';
import type { FlyteTlsOptions } from '../options/flyte-options.js';
import { createProjectService, type ProjectService } from './project.service.js';
import { runnableMethod, runnableRef, type RunCreation } from '../runs/run-creation.js';
import { createRunService, type RunService } from '../runs/run.service.js';
import { createSecretService, type SecretService } from './secret.service.js';
import { transferOptions } from '../files/signed-put.js';
import type { TaskDefaults } from '../tasks/task-defaults.js';
import { createTaskHandle, type TaskHandle } from '../runs/task-handle.js';
import { createTaskService, type TaskService } from '../tasks/task.service.js';
import { createTriggerService, type TriggerService } from '../tasks/trigger.service.js';
import { createUserService, type UserService } from './user.service.js';
import type { Connection } from '../connection/connection.js';

/** In what a narrowed client differs from the one it was made of. */
export interface FlyteClientNarrowing {
  /** The organisation that calls are about. */
  readonly org?: string;
  /** The project that calls are about where they name none. */
  readonly project?: string;
  /** The domain that calls are about where they name none. */
  readonly domain?: string;
  /** `service`: the app's own credentials, in place of the caller's. */
  readonly credentials?: 'service';
  /** How long a call may take, in milliseconds. */
  readonly timeoutMs?: number;
}

/** One Flyte, with everything that can be asked of it. Each call is made as the caller of the running code. */
export abstract class FlyteClient {
  /** Who the caller is. */
  abstract readonly users: UserService;
  /** The projects that the caller may see. */
  abstract readonly projects: ProjectService;
  /** Flyte's store of secrets, whose values it never gives back. */
  abstract readonly secrets: SecretService;
  /** The tasks that are deployed. */
  abstract readonly tasks: TaskService;
  /** What runs them by the clock. */
  abstract readonly triggers: TriggerService;
  /** Runs of tasks. */
  abstract readonly runs: RunService;
  /** The content of files. */
  abstract readonly files: FileService;
  /**
   * For what this library has no method for: a Connect transport that adds the caller, deadlines and retries, and fails as
   * FlyteError. Combine it with a service of `nestjs-flyte/idl/…`: `createClient(RunService, flyte.transport)`. Leaving
   * the loop over a stream of such a client does not end the stream; give it a signal, and abort that.
   */
  abstract readonly transport: Transport;
  /**
   * Runs a task of this app, as `@InjectTask(SigningTasks, 'sign')` does, whether it is registered or not. Asks nothing of
   * Flyte until it is run; what is wrong with the task is said then.
   */
  abstract task<C extends object, K extends keyof C & string>(type: Type<C>, method: K): TaskHandle<C[K]>;
  /** Runs a task by its contract, as `@InjectTask(Train)` does. */
  abstract task<R extends TaskRef>(ref: R): TaskHandle<R>;
  /**
   * A copy that differs in what is given; undefined leaves a value as it is.
   *
   * @throws FlyteError `misuse` for `credentials: 'service'` where the module has no `credentials`
   */
  abstract with(narrowing: FlyteClientNarrowing): FlyteClient;
}

/** All that a client is made of. */
export interface FlyteClientParts {
  readonly connection: Connection;
  readonly callers: CallerPolicy;
  readonly limits: CallLimits;
  readonly tasks: TaskDefaults;
  readonly org?: string;
  readonly project?: string;
  readonly domain?: string;
  readonly asService?: boolean;
  /** Where Flyte is, and what certificate it has: for the URLs that it signs for its own port. */
  readonly endpoint?: Endpoint;
  readonly tls?: FlyteTlsOptions | undefined;
  /** Whether this is the Flyte of the action that the process runs, where it runs one. */
  readonly isHome?: boolean;
  /** Moves files in place of Flyte's data proxy: inside an action, and in tests. */
  readonly files?: FileService | undefined;
}

/** What runs are made with, over a transport that calls as the caller. Nothing is opened. */
export function createRunCreation(parts: FlyteClientParts): RunCreation & { readonly transport: Transport } {
  const { connection, callers, limits, tasks, asService = false } = parts;
  const transport = asCaller(connection, () => findCaller(callers, asService), limits);
  const transfer = transferOptions(limits.streamIdleTimeoutMs, parts.endpoint, parts.tls);
  return {
    transport,
    clients: { runs: createClient(Runs, transport), data: createClient(DataProxyService, transport), transfer },
    defaults: parts,
    deployed: asCalls(createTaskService(transport, parts, tasks)),
    tasks,
    retries: limits.retries,
    timeoutMs: limits.timeoutMs,
    isHome: parts.isHome ?? false,
  };
}

/** Makes a client; nothing is opened. */
export function createFlyteClient(parts: FlyteClientParts): FlyteClient {
  const { callers, limits, asService = false } = parts;
  const creation = createRunCreation(parts);
  const { transport, clients } = creation;
  const task = (first: Type<object> | TaskRef, method = ''): unknown =>
    asCalls(
      createTaskHandle(creation, () =>
        isTaskRef(first) ? runnableRef(first, parts.tasks) : runnableMethod(first, method, parts.tasks),
      ),
    );
  return {
    transport,
    task: task as FlyteClient['task'],
    users: asCalls(createUserService(transport)),
    projects: asCalls(createProjectService(transport, parts)),
    secrets: asCalls(createSecretService(transport, parts)),
    tasks: creation.deployed,
    triggers: asCalls(createTriggerService(transport, parts)),
    runs: asCalls(createRunService(creation)),
    files: parts.files ?? asCalls(createCallerFiles(clients.data, parts, clients.transfer)),
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
