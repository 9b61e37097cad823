import { FlyteError } from '../../errors/flyte-error.js';
import { currentAction, type ActionScope } from '../../action/action-scope.js';
import type { ChildActions } from '../../action/child-actions.js';
import type { TaskSpec } from '../../gen/flyteidl2/task/task_definition_pb.js';
import type { TaskDefinition } from '../../tasks/task-definition.js';
import { buildTaskSpec } from '../../tasks/task-spec.js';
import { projectIdOf } from '../options/project-id.js';
import { type RunCreation, type RunnableTask, taskOf } from './run-creation.js';
import { checkRunOptions, type RunOptions } from './run-options.js';

/** What a run of its own may have, and a child has of its run. */
const OF_THE_RUN = ['name', 'envVars', 'labels', 'annotations', 'overwriteCache', 'project', 'domain'] as const;

/** Calls a task as a child of the action that the running code is part of. */
export async function callChild(
  creation: RunCreation,
  task: RunnableTask,
  value: unknown,
  options: RunOptions,
): Promise<unknown> {
  const action = requireAction(task);
  checkChildOptions(task.name, options);
  const inputs = await task.codec.encodeInputs(value === undefined ? {} : value);
  const children = await action.children();
  const spec = await specOf(creation, task, options, action, children);
  const { signal, idempotencyKey: key, queue = task.definition?.settings.queue } = options;
  const { group, step } = action;
  const version = pinnedVersion(options.version ?? task.version);
  const outputs = await children.task({ spec, inputs, version, group, step, signal, key, queue });
  return task.codec.decodeOutputs(outputs);
}

/** A version that is the same whenever it is asked for. */
function pinnedVersion(wanted: string | undefined): string | undefined {
  return wanted === 'latest' || wanted === 'current' ? undefined : wanted;
}

/**
 * Checks the options of a call inside an action.
 *
 * @throws FlyteError `invalid_argument` for what a child can't have of its own, and as {@link checkRunOptions}
 */
export function checkChildOptions(task: string, options: RunOptions): void {
  checkRunOptions(options);
  const refused = OF_THE_RUN.filter((name) => options[name] !== undefined);
  if (refused.length === 0) return;
  throw new FlyteError(
    'invalid_argument',
    `The task ${JSON.stringify(task)} is called inside an action, as its child, which has ${refused.join(', ')} of its run. ` +
      'Leave that out, or pass { detached: true } for a run of its own.',
  );
}

function requireAction({ name }: RunnableTask): ActionScope {
  const action = currentAction();
  if (action) return action;
  throw new FlyteError(
    'misuse',
    `The task ${JSON.stringify(name)} was called by code that is not part of the action, though this process runs one. Call it ` +
      'in the task, or pass { detached: true } for a run of its own.',
  );
}

// Of one action, by task and what its options say of it. Many children have one.
const known = new WeakMap<ChildActions, Map<string, Promise<TaskSpec>>>();

async function specOf(
  creation: RunCreation,
  task: RunnableTask,
  options: RunOptions,
  action: ActionScope,
  children: ChildActions,
): Promise<TaskSpec> {
  const specs = known.get(children) ?? new Map<string, Promise<TaskSpec>>();
  known.set(children, specs);
  const { version, serviceAccount } = options;
  const key = JSON.stringify([task.name, task.version, task.project, task.domain, version, serviceAccount]);
  const found = specs.get(key) ?? findSpec(creation, task, { version, serviceAccount }, action, children);
  specs.set(key, found);
  try {
    return await found;
  } catch (error) {
    // Whoever asks next may be luckier.
    specs.delete(key);
    throw error;
  }
}

/**
 * What a child is run by: as this app declares it where the local control plane runs it, else as it was deployed. A task of this app
 * that was not deployed, as this very action was not, runs by the declaration, in the image of this action.
 */
async function findSpec(
  creation: RunCreation,
  task: RunnableTask,
  options: Pick<RunOptions, 'version' | 'serviceAccount'>,
  action: ActionScope,
  children: ChildActions,
): Promise<TaskSpec> {
  const projectId = projectIdOf(`Child ${task.name}`, {
    org: creation.defaults.org,
    project: action.project,
    domain: action.domain,
  });
  const wanted = await taskOf(creation, task, projectId, options, {}, action);
  if (wanted.case === 'taskSpec') return wanted.value;
  const { name, project, domain, version } = wanted.value;
  try {
    const { spec } = await creation.deployed.get(name, { project, domain, version });
    if (spec) return spec;
  } catch (error) {
    const { definition } = task;
    const isOwn =
      definition !== undefined && version === action.version && FlyteError.is(error) && error.code === 'not_found';
    if (!isOwn) throw error;
    return ownSpec(creation, definition, { ...wanted.value, version }, action, children);
  }
  throw new FlyteError('internal', `Flyte answered without what it runs the task ${JSON.stringify(name)} by.`);
}

async function ownSpec(
  { tasks }: RunCreation,
  definition: TaskDefinition,
  target: { readonly org: string; readonly project: string; readonly domain: string; readonly version: string },
  { module, codeBundle, task }: ActionScope,
  children: ChildActions,
): Promise<TaskSpec> {
  const { taskTemplate, environment } = await children.ownSpec();
  const mine = taskTemplate?.target.case === 'container' ? taskTemplate.target.value.image : undefined;
  const { environment: wanted, name } = definition;
  const caller = tasks.registry.find(task)?.environment;
  // Environments that name no image have that of the app in common.
  const isMine = environment?.name === wanted.name || (caller && (caller.image ?? wanted.image) === undefined);
  const imageName =
    isMine && mine
      ? mine
      : await tasks.images.nameFor(wanted).catch((error: unknown) => {
          const why = FlyteError.is(error) ? ` ${error.message}` : '';
          throw new FlyteError(
            'invalid_configuration',
            `The task ${JSON.stringify(name)} was not deployed in version ${target.version}, and runs in another image than what calls it. Deploy both.${why}`,
            { cause: error },
          );
        });
  return buildTaskSpec(definition, { ...target, module, codeBundle, imageName });
}
