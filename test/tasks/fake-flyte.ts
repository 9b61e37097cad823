import { createServer, type ServerHttp2Session } from 'node:http2';
import { EventEmitter, once } from 'node:events';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { AuthMetadataService } from 'nestjs-flyte/idl/auth/auth_service';
import { DataProxyService } from 'nestjs-flyte/idl/dataproxy/dataproxy_service';
import { SecretService } from 'nestjs-flyte/idl/secret/secret';
import { TaskService } from 'nestjs-flyte/idl/task/task_service';
import type { Inputs } from 'nestjs-flyte/idl/task/common';
import type { OutputsSchema } from 'nestjs-flyte/idl/task/common';
import type { TaskSpec } from 'nestjs-flyte/idl/task/task_definition';
import { ActionDetailsSchema, ErrorInfo_Kind, type ActionSchema } from 'nestjs-flyte/idl/workflow/run_definition';
import { RunService, type CreateRunRequest } from 'nestjs-flyte/idl/workflow/run_service';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';

type Details = Exclude<MessageInitShape<typeof ActionDetailsSchema>, { $typeName: string }>;

/** A run of the fake, whose fate the test decides. */
export class FakeRun extends EventEmitter {
  phase = ActionPhase.QUEUED;
  attempt = 1;
  error: { message: string; kind: ErrorInfo_Kind } | undefined;
  reason = '';
  outputs: MessageInitShape<typeof OutputsSchema> | undefined;
  /** Whether the last attempt is known to be over; Flyte tells it later than the phase. */
  settled = true;
  readonly lines: { message: string; at: number }[] = [];
  logging = false;
  constructor(readonly request: CreateRunRequest) {
    super();
    this.setMaxListeners(0);
  }
  get name(): string {
    return this.request.id.case === 'runId' ? this.request.id.value.name : '';
  }
  get inputs(): Inputs | undefined {
    return this.request.inputWrapper.case === 'inputs' ? this.request.inputWrapper.value : undefined;
  }
  become(change: Partial<Pick<FakeRun, 'phase' | 'attempt' | 'error' | 'reason' | 'outputs' | 'settled'>>): void {
    Object.assign(this, change);
    this.emit('change');
  }
  succeed(literals: NonNullable<MessageInitShape<typeof OutputsSchema>['literals']> = []): void {
    this.become({ phase: ActionPhase.SUCCEEDED, outputs: { literals } });
  }
  fail(message: string, kind = ErrorInfo_Kind.USER): void {
    this.become({ phase: ActionPhase.FAILED, error: { message, kind } });
  }
  log(message: string, at = this.lines.length + 1): void {
    this.logging = true;
    this.lines.push({ message, at });
    this.emit('change');
  }
  get done(): boolean {
    return this.phase >= ActionPhase.SUCCEEDED && this.phase <= ActionPhase.TIMED_OUT;
  }
  get action(): MessageInitShape<typeof ActionSchema> {
    const { id, metadata, status } = this.details;
    return { id, metadata, status };
  }
  get details(): Details {
    const { phase, attempt, error, reason } = this;
    const over = this.done && this.settled;
    const task = this.request.task;
    const id =
      task.case === 'taskId'
        ? { name: task.value.name, version: task.value.version }
        : task.case === 'taskSpec'
          ? { name: task.value.taskTemplate?.id?.name, version: task.value.taskTemplate?.id?.version }
          : undefined;
    return {
      id: { run: this.request.id.case === 'runId' ? this.request.id.value : undefined, name: 'a0' },
      metadata: { spec: { case: 'task', value: { id } } },
      status: { phase, attempts: attempt },
      attempts: [{ attempt, phase: over ? phase : ActionPhase.RUNNING, errorInfo: over ? error : undefined }],
      result:
        phase === ActionPhase.ABORTED
          ? { case: 'abortInfo', value: { reason } }
          : over && error
            ? { case: 'errorInfo', value: error }
            : { case: undefined },
    };
  }
}

/** What one call looked like. */
export interface SeenCall {
  readonly method: string;
  readonly authorization: string | null;
}

/** A Flyte in memory behind a real HTTP/2 server: the services of secrets, tasks and runs, with Flyte's semantics. */
export class FakeFlyte {
  readonly secrets = new Map<string, string | Uint8Array>();
  readonly deployed: { readonly name: string; readonly version: string; readonly spec: TaskSpec | undefined }[] = [];
  readonly runs = new Map<string, FakeRun>();
  readonly calls: SeenCall[] = [];
  /** Streams that are open now, by method. */
  readonly open: string[] = [];
  /** Answers the next calls of a method with these errors, first. */
  readonly failures: {
    readonly method: string;
    readonly code: Code;
    readonly says?: string;
    readonly after?: boolean;
  }[] = [];
  /** Methods whose calls are never answered, as they are called on the wire: `CreateRun`. */
  readonly held = new Set<string>();
  /** The calls of these that came. */
  readonly holding: string[] = [];
  readonly #sessions = new Set<ServerHttp2Session>();
  #close: () => Promise<void> = async () => undefined;
  url = '';

  /** @param options whether it says that it is the local control plane, true if not given; and its port */
  static async start(options: { readonly isLocalPlane?: boolean; readonly port?: number } = {}): Promise<FakeFlyte> {
    const flyte = new FakeFlyte();
    const handler = connectNodeAdapter({ routes: (router) => flyte.#routes(router) });
    const server = createServer((request, response) => {
      const method = request.url.split('/').at(-1) ?? '';
      if (flyte.held.has(method)) {
        flyte.holding.push(method);
        return;
      }
      if (options.isLocalPlane ?? true) response.setHeader('server', 'nestjs-flyte-local');
      handler(request, response);
    });
    server.on('session', (session) => {
      flyte.#sessions.add(session);
      session.on('close', () => flyte.#sessions.delete(session));
    });
    server.listen(options.port ?? 0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    flyte.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    flyte.#close = async () => {
      flyte.dropConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    return flyte;
  }

  /** Ends every connection as a dying proxy would. */
  dropConnections(): void {
    for (const session of this.#sessions) session.destroy();
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** The only run there is. */
  get run(): FakeRun {
    const [run] = this.runs.values();
    if (!run) throw new Error('there is no run');
    return run;
  }

  #saw(method: string, context: HandlerContext): void {
    this.calls.push({ method, authorization: context.requestHeader.get('authorization') });
    const index = this.failures.findIndex((one) => one.method === method && !one.after);
    const [failure] = index < 0 ? [] : this.failures.splice(index, 1);
    if (failure) throw new ConnectError(failure.says ?? 'as the test wants', failure.code);
  }

  #find(name: string | undefined): FakeRun {
    const run = this.runs.get(name ?? '');
    if (!run) throw new ConnectError(`run not found: ${name}`, Code.NotFound);
    return run;
  }

  async *#following<T>(
    method: string,
    context: HandlerContext,
    run: FakeRun,
    values: () => Iterable<T>,
    ends: () => boolean,
  ) {
    this.open.push(method);
    try {
      for (;;) {
        const changed = once(run, 'change', { signal: context.signal });
        changed.catch(() => undefined);
        yield* values();
        if (ends()) return;
        await changed;
      }
    } finally {
      this.open.splice(this.open.indexOf(method), 1);
    }
  }

  #routes(router: ConnectRouter): void {
    const key = (id: { name: string; project: string; domain: string } | undefined) =>
      [id?.domain, id?.project, id?.name].join('/');
    const absent = (name: string) => new ConnectError(`secret ${name} not found`, Code.NotFound);
    router.service(SecretService, {
      createSecret: ({ id, secretSpec }, context) => {
        this.#saw('createSecret', context);
        if (this.secrets.has(key(id))) throw new ConnectError('already there', Code.AlreadyExists);
        this.secrets.set(key(id), secretSpec?.value.value ?? '');
        return {};
      },
      updateSecret: ({ id, secretSpec }, context) => {
        this.#saw('updateSecret', context);
        if (!this.secrets.has(key(id))) throw absent(id?.name ?? '');
        this.secrets.set(key(id), secretSpec?.value.value ?? '');
        return {};
      },
      getSecret: ({ id }, context) => {
        this.#saw('getSecret', context);
        if (!this.secrets.has(key(id))) throw absent(id?.name ?? '');
        return { secret: { id, secretMetadata: { secretStatus: { overallStatus: 2 } } } };
      },
      deleteSecret: ({ id }, context) => {
        this.#saw('deleteSecret', context);
        if (!this.secrets.delete(key(id))) throw absent(id?.name ?? '');
        return {};
      },
      listSecrets: ({ domain, project, limit, token }, context) => {
        this.#saw('listSecrets', context);
        const all = [...this.secrets.keys()].map((one) => {
          const [inDomain = '', inProject = '', name = ''] = one.split('/');
          return { domain: inDomain, project: inProject, name };
        });
        const found = all.filter((id) => (!domain || id.domain === domain) && (!project || id.project === project));
        const from = Number(token || 0);
        const secrets = found.slice(from, from + limit).map((id) => ({ id }));
        return { secrets, token: from + limit < found.length ? String(from + limit) : '' };
      },
    });
    router.service(TaskService, {
      deployTask: ({ taskId, spec }, context) => {
        this.#saw('deployTask', context);
        this.deployed.unshift({ name: taskId?.name ?? '', version: taskId?.version ?? '', spec });
        return {};
      },
      getTaskDetails: ({ taskId }, context) => {
        this.#saw('getTaskDetails', context);
        const found = this.deployed.find(({ name, version }) => name === taskId?.name && version === taskId.version);
        if (!found) throw new ConnectError(`task not found: {${taskId?.name}}`, Code.NotFound);
        return { details: { taskId, spec: found.spec, metadata: { shortName: found.spec?.shortName } } };
      },
      listTasks: ({ scopeBy }, context) => {
        this.#saw('listTasks', context);
        const place = scopeBy.case === 'projectId' ? { project: scopeBy.value.name, domain: scopeBy.value.domain } : {};
        return { tasks: this.deployed.map(({ name, version }) => ({ taskId: { ...place, name, version } })) };
      },
      listVersions: ({ taskName, request }, context) => {
        this.#saw('listVersions', context);
        const found = this.deployed.filter(({ name }) => name === taskName?.name);
        return { versions: found.slice(0, request?.limit).map(({ version }) => ({ version })) };
      },
    });
    router.service(RunService, {
      createRun: (request, context) => {
        this.#saw('createRun', context);
        const run = new FakeRun(request);
        if (!this.runs.has(run.name)) this.runs.set(run.name, run);
        const index = this.failures.findIndex((one) => one.method === 'createRun' && one.after);
        const [failure] = index < 0 ? [] : this.failures.splice(index, 1);
        if (failure) throw new ConnectError('made, and then lost', failure.code);
        return { run: { action: this.#find(run.name).action } };
      },
      getRunDetails: ({ runId }, context) => {
        this.#saw('getRunDetails', context);
        const run = this.#find(runId?.name);
        return { details: { runSpec: run.request.runSpec, action: run.details } };
      },
      getActionDetails: ({ actionId }, context) => {
        this.#saw('getActionDetails', context);
        return { details: this.#find(actionId?.run?.name).details };
      },
      abortRun: ({ runId, reason }, context) => {
        this.#saw('abortRun', context);
        const run = this.#find(runId?.name);
        // As upstream, also where it has ended.
        run.become({ phase: ActionPhase.ABORTED, reason: reason ?? 'User requested abort' });
        return {};
      },
      listRuns: (_, context) => {
        this.#saw('listRuns', context);
        return { runs: [...this.runs.values()].map(({ action }) => ({ action })) };
      },
      watchActionDetails: ({ actionId }, context) => {
        this.#saw('watchActionDetails', context);
        const run = this.#find(actionId?.run?.name);
        const values = () => [{ details: create(ActionDetailsSchema, run.details) }];
        return this.#following('watchActionDetails', context, run, values, () => run.done && run.settled);
      },
    });
    router.service(AuthMetadataService, { getPublicClientConfig: () => ({}) });
    router.service(DataProxyService, {
      getActionData: ({ actionId }, context) => {
        this.#saw('getActionData', context);
        const run = this.#find(actionId?.run?.name);
        if (run.done && !run.outputs && run.phase === ActionPhase.SUCCEEDED)
          throw new ConnectError('later', Code.NotFound);
        return { inputs: run.inputs, outputs: run.outputs };
      },
      createDownloadLink: (_, context) => {
        this.#saw('createDownloadLink', context);
        return {};
      },
      tailLogs: ({ actionId }, context) => {
        this.#saw('tailLogs', context);
        const run = this.#find(actionId?.run?.name);
        if (!run.logging) throw new ConnectError('no log context found', Code.NotFound);
        let given = 0;
        const values = () => {
          const lines = run.lines
            .slice(given)
            .map(({ message, at }) => ({ message, timestamp: { seconds: BigInt(at) } }));
          given = run.lines.length;
          return [{ logs: [{ lines }] }];
        };
        return this.#following('tailLogs', context, run, values, () => run.done);
      },
    });
  }
}
