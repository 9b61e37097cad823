import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ActionScope } from '../../action/action-scope.js';
import { FlyteError } from '../../errors/flyte-error.js';
import { CacheLookupScope, type RunSpecSchema } from '../../gen/flyteidl2/task/run_pb.js';
import type { TaskSpec } from '../../gen/flyteidl2/task/task_definition_pb.js';
import { insideAction } from '../../protocol/action-arguments.js';
import { codecOfRef, definedTask, type AnyTaskCodec, type TaskDefinition } from '../../tasks/task-definition.js';
import type { TaskClass } from '../../tasks/task-metadata.js';
import type { TaskRef } from '../../tasks/task-ref.js';
import { buildTaskSpec } from '../../tasks/task-spec.js';
import type { CallOptions } from '../connection/call-options.js';
import { loadRetry } from '../connection/load-retry.js';
import { createRun, type RunClients } from './run-handle.js';
import { INPUTS_DIGEST, inputsDigest, newRunName, runNameOf } from './run-name.js';
import { checkRunOptions, type RunOptions } from './run-options.js';
import type { Run } from './run.js';
import { projectIdOf, type ProjectId, type PartialProjectId } from '../options/project-id.js';
import type { TaskDefaults } from '../tasks/task-defaults.js';
import type { TaskService } from '../tasks/task.service.js';
import { refusedTask } from '../connection/upstream-error.js';

/** What runs are made with. */
export interface RunCreation {
  readonly clients: RunClients;
  readonly defaults: PartialProjectId;
  readonly deployed: TaskService;
  readonly tasks: TaskDefaults;
  /** How often a creation is repeated while Flyte is unavailable. */
  readonly retries: number;
  /** How long all of a creation may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether this is the Flyte of the action that the process runs, where it runs one: calls are children of it then. */
  readonly isHome: boolean;
}

/** A task to run: one of this app, or one by its contract. Made when it is first used. */
export interface RunnableTask {
  readonly name: string;
  readonly codec: Pick<AnyTaskCodec, 'encodeInputs' | 'decodeOutputs'>;
  /** The task as this app would run it, where it implements it. */
  readonly definition?: TaskDefinition | undefined;
  /** A version, `latest` or `current`; undefined where nobody says. */
  readonly version?: string | undefined;
  readonly project?: string | undefined;
  readonly domain?: string | undefined;
}

/** A method of this app as a task to run. */
export function runnableMethod(type: TaskClass, method: string, { defaultEnvironment }: TaskDefaults): RunnableTask {
  return runnableDefinition(definedTask(type, method, defaultEnvironment));
}

/** A task of this app as one to run. */
export function runnableDefinition(definition: TaskDefinition): RunnableTask {
  return { name: definition.name, codec: definition.codec, definition };
}

/** A contract as a task to run. */
export function runnableRef(ref: TaskRef, { registry }: TaskDefaults): RunnableTask {
  const codec = codecOfRef(ref);
  // "The version that this app is" means this app's own implementation, where it has one.
  const definition = ref.version === 'current' ? registry.find(ref.name) : undefined;
  return { ...ref, codec, definition, version: definition ? undefined : ref.version };
}

/**
 * Runs a task.
 *
 * A task of this app runs as this app declares it, with no deployment, where the module's option `tasks.module` says
 * how to load it; as it was deployed where the app was told its version, or one is asked for; by the version deployed
 * last where nobody says.
 *
 * @param onCreate is told of the run before Flyte is asked for it
 */
export async function startRun(
  creation: RunCreation,
  task: RunnableTask,
  value: unknown,
  options: RunOptions = {},
  onCreate?: (run: Run) => void,
): Promise<Run> {
  checkRunOptions(options);
  if (insideAction() && options.detached !== true) throw runOfChild(task.name);
  const { clients, defaults } = creation;
  const projectId = projectIdOf(`Run of ${task.name}`, {
    org: defaults.org,
    project: options.project ?? defaults.project,
    domain: options.domain ?? defaults.domain,
  });
  // A call without inputs, where all of them may be left out.
  const inputs = await task.codec.encodeInputs(value === undefined ? {} : value);
  // One deadline over everything that is asked, and over all tries.
  const deadline = Date.now() + (options.timeoutMs ?? creation.timeoutMs);
  const call = (): CallOptions => ({ signal: options.signal, timeoutMs: Math.max(1, deadline - Date.now()) });
  const { idempotencyKey, name: wanted } = options;
  const mayBeThere = wanted !== undefined || idempotencyKey !== undefined;
  const digest = wanted === undefined ? inputsDigest(inputs) : inputsDigest(inputs, task.name);
  const name = wanted ?? (idempotencyKey === undefined ? newRunName() : runNameOf(task.name, idempotencyKey));
  const run = createRun(clients, projectId, name, (outputs) => task.codec.decodeOutputs(outputs));
  // Asked first: Flyte writes the inputs of a repeated creation over those of the first.
  if (mayBeThere && (await isSameRun(clients, projectId, name, digest, options, call()))) return run;
  const runnable = await taskOf(creation, task, projectId, options, call());
  const request = {
    id: { case: 'runId' as const, value: { ...projectId, name } },
    task: runnable,
    inputWrapper: { case: 'inputs' as const, value: inputs },
    runSpec: runSpecOf(options, task, mayBeThere ? digest : undefined),
  };
  const pRetry = await loadRetry();
  onCreate?.(run);
  // The name is ours, so Flyte takes a repetition for what it is.
  await pRetry(() => clients.runs.createRun(request, call()), {
    retries: creation.retries,
    minTimeout: 100,
    maxTimeout: 2_000,
    randomize: true,
    ...(options.signal && { signal: options.signal }),
    maxRetryTime: Math.max(0, deadline - Date.now()),
    shouldRetry: ({ error }) => FlyteError.is(error) && error.code === 'unavailable' && Date.now() < deadline,
  }).catch((error: unknown) => {
    throw runnable.case === 'taskSpec' ? refusedTask(error) : explained(error, runnable.value, creation.tasks, options);
  });
  // Two creations at once both found nothing; the one that came second is told now.
  if (mayBeThere) await isSameRun(clients, projectId, name, digest, options, call());
  return run;
}

/** What a task is told that runs another one, where it should call it. */
export function runOfChild(task: string): FlyteError {
  return new FlyteError(
    'misuse',
    `The task ${JSON.stringify(task)} was run inside an action, whose children are called: use call(inputs). Or pass ` +
      '{ detached: true } for a run of its own, which goes on when this action ends.',
  );
}

/** @returns whether there is such a run @throws FlyteError `already_exists` if it was given other inputs */
async function isSameRun(
  { runs }: RunClients,
  projectId: ProjectId,
  name: string,
  digest: string,
  { idempotencyKey }: RunOptions,
  call: CallOptions,
): Promise<boolean> {
  let details;
  try {
    ({ details } = await runs.getRunDetails({ runId: { ...projectId, name } }, call));
  } catch (error) {
    if (FlyteError.is(error) && error.code === 'not_found') return false;
    throw error;
  }
  if (details?.runSpec?.annotations?.values[INPUTS_DIGEST] === digest) return true;
  throw new FlyteError(
    'already_exists',
    idempotencyKey === undefined
      ? `There is a run ${name} already, of another task or with other inputs. Choose another name.`
      : `The idempotency key was used before, with other inputs: run ${name}. Use a key of its own for each piece of work.`,
  );
}

type TaskOfRun =
  | { readonly case: 'taskSpec'; readonly value: TaskSpec }
  | { readonly case: 'taskId'; readonly value: ProjectId & { readonly name: string; readonly version: string } };

/**
 * What a task is run by.
 *
 * @param action the action that calls it, whose code it shares
 */
export async function taskOf(
  { deployed, tasks }: RunCreation,
  task: RunnableTask,
  projectId: ProjectId,
  options: Pick<RunOptions, 'version' | 'serviceAccount'>,
  call: CallOptions,
  action?: Pick<ActionScope, 'module' | 'codeBundle'>,
): Promise<TaskOfRun> {
  const { definition } = task;
  const wanted = options.version ?? task.version;
  const module = action?.module ?? tasks.module;
  const isKnown = module !== undefined || tasks.isPinned === true;
  const isOwn = definition && isKnown && (wanted === undefined || wanted === 'current');
  if (isOwn && module !== undefined && !(await runsDeployed(tasks))) {
    const imageName = await tasks.images.nameFor(definition.environment);
    const target = { ...projectId, version: tasks.version, module, codeBundle: action?.codeBundle, imageName };
    // The open-source backend reads no other service account than the task's.
    const { serviceAccount = definition.settings.serviceAccount } = options;
    const own = { ...definition, settings: { ...definition.settings, serviceAccount } };
    return { case: 'taskSpec', value: buildTaskSpec(own, target) };
  }
  const place = { ...projectId, project: task.project ?? projectId.project, domain: task.domain ?? projectId.domain };
  const version = isOwn || wanted === 'current' ? tasks.version : (wanted ?? 'latest');
  const exact = version === 'latest' ? await latestOf(deployed, task, place, call) : version;
  return { case: 'taskId', value: { ...place, name: task.name, version: exact } };
}

/**
 * Whether the tasks of this app run as they were deployed: by the version that the app was told, or inside an action by
 * that of its own task. The local control plane runs what is declared, since its actions have this very code.
 */
async function runsDeployed({ isPinned = false, images }: TaskDefaults): Promise<boolean> {
  return (isPinned || insideAction()) && !(await images.isLocalPlane());
}

async function latestOf(
  deployed: TaskService,
  { name, definition }: RunnableTask,
  { project, domain }: ProjectId,
  call: CallOptions,
): Promise<string> {
  for await (const { version } of deployed.versions(name, { project, domain, pageSize: 1, ...call })) return version;
  throw new FlyteError(
    'not_found',
    `The task ${JSON.stringify(name)} has no version in ${project}/${domain}. Deploy it, or ask for a version that is there` +
      (definition ? '; to run it without, give FlyteModule the option "tasks: { module }".' : '.'),
    // Which tasks there are, the app decides, and not who makes a request.
    { fault: 'operator' },
  );
}

/** What Flyte's services and the local control plane say of a version that is not there, among other things. */
const NO_VERSION = /\btask not found\b|^There is no task "/;

/** Says of a version that is not there who named it. Which one runs, the app decides, unless whoever calls chooses it. */
function explained(
  error: unknown,
  { name, version, project, domain }: (TaskOfRun & { readonly case: 'taskId' })['value'],
  { isPinned = false, version: own }: TaskDefaults,
  options: RunOptions,
): unknown {
  if (!FlyteError.is(error) || error.code !== 'not_found' || !NO_VERSION.test(error.message)) return error;
  const isChosen = options.version === version;
  const namer = isPinned && !isChosen && version === own && !insideAction() ? ', which "tasks.version" names' : '';
  return new FlyteError(
    'not_found',
    `The task ${JSON.stringify(name)} has no version ${JSON.stringify(version)} in ${project}/${domain}${namer}: deploy it, ` +
      'or ask for a version that is there.',
    isChosen ? {} : { fault: 'operator' },
  );
}

/** What a run says beyond its task, as the Python SDK writes it (`_run.py`). */
function runSpecOf(
  { envVars = {}, labels = {}, annotations = {}, overwriteCache = false, serviceAccount, queue }: RunOptions,
  { definition }: RunnableTask,
  digest: string | undefined,
): MessageInitShape<typeof RunSpecSchema> {
  return {
    labels: { values: { ...labels } },
    annotations: { values: { ...annotations, ...(digest !== undefined && { [INPUTS_DIGEST]: digest }) } },
    envs: { values: Object.entries(envVars).map(([key, value]) => ({ key, value })) },
    // Before there was the message below.
    overwriteCache,
    cacheConfig: { overwriteCache, cacheLookupScope: CacheLookupScope.GLOBAL },
    securityContext: serviceAccount === undefined ? undefined : { runAs: { k8sServiceAccount: serviceAccount } },
    // Flyte has renamed this field to `queue`; on the wire it is the same.
    cluster: queue ?? definition?.settings.queue ?? '',
  };
}
