import { type Client, createClient, type Transport } from '@connectrpc/connect';
import { toBinary } from '@bufbuild/protobuf';
import type { ActionScope } from '../action/action-scope.js';
import type { ChildActions, ChildTask } from '../action/child-actions.js';
import { FlyteError } from '../errors/flyte-error.js';
import { INPUTS_FILE } from '../protocol/action-documents.js';
import { ActionsService } from '../gen/flyteidl2/actions/actions_service_pb.js';
import { type Inputs, InputsSchema, type Outputs } from '../gen/flyteidl2/task/common_pb.js';
import type { TaskSpec } from '../gen/flyteidl2/task/task_definition_pb.js';
import { RunService } from '../gen/flyteidl2/workflow/run_service_pb.js';
import type { ActionUpdate } from '../gen/flyteidl2/workflow/state_service_pb.js';
import { phaseOf } from '../remote/runs/run-info.js';
import { joinUri, storageOf } from '../storage/storage-of.js';
import { childFailure } from './child-failure.js';
import { ChildNames, digestOf, identityOf } from './child-name.js';
import { ChildWatch } from './child-watch.js';
import { enqueue } from './enqueue.js';
import { readOutputs } from './read-outputs.js';

/** How many children are sent, and how many outputs read, at a time. */
const AT_A_TIME = 64;
const NO_ID = { org: '', project: '', domain: '', name: '', version: '' };

/** What children are called over. */
export interface ChildConnection {
  /** Calls Flyte as this action. */
  readonly transport: Transport;
  readonly org: string;
  /** Where the run keeps what goes into its actions, as a URI. */
  readonly runBase: string;
  close(): void;
}

/** The children of an action. */
export async function openChildren(action: ActionScope, connection: ChildConnection): Promise<ChildActions> {
  const { default: pLimit } = await import('p-limit');
  return new OpenChildren(action, connection, pLimit(AT_A_TIME));
}

type Limit = <T>(work: () => Promise<T>) => Promise<T>;

class OpenChildren implements ChildActions {
  readonly #actions: Client<typeof ActionsService>;
  readonly #runs: Client<typeof RunService>;
  readonly #run: { readonly org: string; readonly project: string; readonly domain: string; readonly name: string };
  readonly #names: ChildNames;
  readonly #watch: ChildWatch;
  /** What this process waits for; what is left of it at the end, nobody does. */
  readonly #open = new Set<string>();
  readonly #closing = new AbortController();
  #spec: Promise<TaskSpec> | undefined;

  constructor(
    private readonly action: ActionScope,
    private readonly connection: ChildConnection,
    private readonly limit: Limit,
  ) {
    const { transport, org } = connection;
    this.#actions = createClient(ActionsService, transport);
    this.#runs = createClient(RunService, transport);
    this.#run = { org, project: action.project, domain: action.domain, name: action.run };
    this.#names = new ChildNames(action.action);
    const parent = { run: this.#run, name: action.action };
    const filter = { case: 'parentActionId' as const, value: parent };
    this.#watch = new ChildWatch((signal) => this.#actions.watchForUpdates({ filter }, { signal }));
  }

  async task({ spec, inputs, group, key, queue = '', signal }: ChildTask): Promise<Outputs> {
    const what = identityOf(spec);
    const name = this.#names.next({ kind: 'task', what, inputs: digestOf(inputs), group, key });
    const ends = this.#until(signal);
    const { org, project, domain, name: taskName, version } = spec.taskTemplate?.id ?? NO_ID;
    // Flyte has renamed this field to `queue`; on the wire it is the same.
    const value = { id: { org, project, domain, name: taskName, version }, spec, cluster: queue };
    const task = { case: 'task' as const, value };
    const end = await this.#ended(name, ends, async () => {
      const inputUri = await this.#sendInputs(name, inputs);
      await enqueue(this.#actions, { ...this.#actionOf(name, group), inputUri, spec: task }, ends);
    });
    if (phaseOf(end.phase) === 'succeeded') return this.limit(() => readOutputs(end.outputUri, name, taskName));
    throw await childFailure(this.#runs, { run: this.#run, name }, end, taskName);
  }

  step(): Promise<Outputs> {
    throw new FlyteError('unimplemented', 'not yet');
  }

  ask(): Promise<never> {
    throw new FlyteError('unimplemented', 'not yet');
  }

  ownSpec(): Promise<TaskSpec> {
    return (this.#spec ??= this.#askOwnSpec());
  }

  async close(): Promise<void> {
    const left = [...this.#open];
    const reason = 'The action that called it ended, and did not wait for it.';
    await Promise.all(left.map((name) => this.#abort(name, reason)));
    this.#closing.abort(new FlyteError('canceled', 'The action has ended.'));
    this.#watch.close();
    this.connection.close();
  }

  /** How a child ended; Flyte is asked to end one that is abandoned. @param begin has Flyte take it up, where it doesn't know it */
  async #ended(name: string, signal: AbortSignal, begin: () => Promise<void>): Promise<ActionUpdate> {
    this.#open.add(name);
    let isBegun = true;
    try {
      signal.throwIfAborted();
      await this.#watch.synced;
      if (!this.#watch.knows(name)) {
        isBegun = false;
        await this.limit(() => {
          signal.throwIfAborted();
          isBegun = true;
          return begin();
        });
      }
      return await this.#watch.end(name, signal);
    } catch (error) {
      if (isBegun && signal.aborted && !this.#closing.signal.aborted)
        await this.#abort(name, 'Its caller does not wait any more.');
      throw error;
    } finally {
      this.#open.delete(name);
    }
  }

  #actionOf(name: string, group = '') {
    const { runBase } = this.connection;
    return {
      actionId: { run: this.#run, name },
      parentActionName: this.action.action,
      runOutputBase: runBase,
      group,
    };
  }

  #place(name: string): string {
    return joinUri(this.connection.runBase, name);
  }

  async #sendInputs(name: string, inputs: Inputs): Promise<string> {
    const uri = joinUri(this.#place(name), INPUTS_FILE);
    await (await storageOf(uri)).write(uri, toBinary(InputsSchema, inputs));
    return uri;
  }

  /** Nobody would hear of a failure, and Flyte ends what is left of a run that ends. */
  async #abort(name: string, reason: string): Promise<void> {
    const actionId = { run: this.#run, name };
    await this.#actions.abort({ actionId, reason }).catch(() => undefined);
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    const ends = [this.action.signal, this.#closing.signal, signal].filter((one) => one !== undefined);
    return AbortSignal.any(ends);
  }

  async #askOwnSpec(): Promise<TaskSpec> {
    const { details } = await this.#runs.getActionDetails({ actionId: { run: this.#run, name: this.action.action } });
    if (details?.spec.case === 'task') return details.spec.value;
    throw new FlyteError('internal', `Flyte does not say what it runs the action ${this.action.action} by.`);
  }
}
