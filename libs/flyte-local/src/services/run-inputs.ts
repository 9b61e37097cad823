import { create } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type ContextValues } from '@connectrpc/connect';
import type { RunIdentifier } from 'nestjs-flyte/idl/common/identifier';
import type { OffloadedInputData } from 'nestjs-flyte/idl/common/run';
import { InputsSchema, NamedLiteralSchema, type Inputs, type NamedParameter } from 'nestjs-flyte/idl/task/common';
import { TaskIdentifierSchema } from 'nestjs-flyte/idl/task/task_definition';
import type { TriggerDetails } from 'nestjs-flyte/idl/trigger/trigger_definition';
import type { CreateRunRequest } from 'nestjs-flyte/idl/workflow/run_service';
import { requireProject } from '../calls/caller-context.js';
import { kickoffInputOf } from '../triggers/schedule-times.js';
import { triggerKeyOf, type TriggerKey } from '../triggers/trigger-key.js';
import type { PlaneContext } from './plane-service.js';
import { triggerNotFound } from './trigger-service.js';

type Engine = PlaneContext['engine'];

/** What makes a run that a request asks for by its trigger. */
export interface RunTrigger {
  readonly key: TriggerKey;
  readonly details: TriggerDetails;
  /** The task, as a request would name it. */
  readonly task: CreateRunRequest['task'];
}

/**
 * The trigger by which a request asks for a run; undefined where it names a task.
 *
 * @throws ConnectError `not_found`, `permission_denied`
 */
export function triggerOf(
  { triggers }: PlaneContext,
  { task }: CreateRunRequest,
  values: ContextValues,
): RunTrigger | undefined {
  if (task.case !== 'triggerName') return undefined;
  const key = triggerKeyOf(task.value);
  requireProject(values, key.project);
  const found = triggers.store.get(key);
  if (found === undefined) throw triggerNotFound(key);
  const { project, domain, taskName: name } = key;
  const version = found.details.spec?.taskVersion ?? '';
  return {
    key,
    details: found.details,
    task: { case: 'taskId', value: create(TaskIdentifierSchema, { project, domain, name, version }) },
  };
}

/**
 * What a run is given: by its request, else by its trigger. Of inputs that were stored before, none is filled in.
 *
 * @throws ConnectError `invalid_argument` for inputs that were not stored here
 */
export function inputsOf(
  engine: Engine,
  given: CreateRunRequest['inputWrapper'],
  trigger: RunTrigger | undefined,
  run: RunIdentifier,
  defaults: readonly NamedParameter[],
): Inputs {
  if (given.case === 'offloadedInputData') return uploadedInputs(engine, given.value, run);
  if (given.case === 'inputs') return withDefaults(given.value, defaults);
  const { inputs, offloadedInputData } = trigger?.details.spec ?? {};
  if (offloadedInputData !== undefined) return uploadedInputs(engine, offloadedInputData, run);
  return withDefaults(inputs ?? create(InputsSchema), defaults);
}

/**
 * Adds the time at which a run was due, where its trigger names an input for that. Upstream gives the run that input alone then, and
 * forgets the trigger's others; its own Python takes the time from elsewhere, so here nothing gets lost.
 */
export function withKickoffTime(inputs: Inputs, trigger: RunTrigger | undefined, due: Timestamp): Inputs {
  const name = kickoffInputOf(trigger?.details.automationSpec);
  if (name === '' || inputs.literals.some((one) => one.name === name)) return inputs;
  const datetime = { case: 'primitive' as const, value: { value: { case: 'datetime' as const, value: due } } };
  const literal = create(NamedLiteralSchema, {
    name,
    value: { value: { case: 'scalar', value: { value: datetime } } },
  });
  return create(InputsSchema, { ...inputs, literals: [...inputs.literals, literal] });
}

/** Only what UploadInputs made for this project and domain: a URI from a client could name any file of this machine. */
function uploadedInputs({ data }: Engine, { uri }: OffloadedInputData, { project, domain }: RunIdentifier): Inputs {
  // Not by the hash, which Python's SDK replaces by one of what files hold.
  const folder = data.uploadAt(project, domain, uri);
  const inputs = folder === undefined ? undefined : data.readInputs(folder);
  if (inputs !== undefined) return inputs;
  throw invalid('The offloaded inputs are none that UploadInputs stored for this project and domain.');
}

function withDefaults(inputs: Inputs, parameters: readonly NamedParameter[]): Inputs {
  const given = new Set(inputs.literals.map(({ name }) => name));
  const defaults = parameters.flatMap(({ name, parameter }) =>
    parameter?.behavior.case === 'default' && !given.has(name)
      ? [create(NamedLiteralSchema, { name, value: parameter.behavior.value })]
      : [],
  );
  return create(InputsSchema, { ...inputs, literals: [...inputs.literals, ...defaults] });
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}
