import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { FlyteError } from '../errors/flyte-error.js';
import {
  FixedRateUnit,
  type Inputs,
  InputsSchema,
  type ScheduleSchema,
  TriggerAutomationSpecType,
} from '../gen/flyteidl2/task/common_pb.js';
import { CacheLookupScope, type RunSpecSchema } from '../gen/flyteidl2/task/run_pb.js';
import { type TaskTrigger, TaskTriggerSchema } from '../gen/flyteidl2/task/task_definition_pb.js';
import type { TaskDefinition } from './task-definition.js';
import type { TriggerSettings } from './trigger-settings.js';

/** Where Python's SDK has its runtime find the input for the time that a run was due for. */
const KICKOFF_CONTEXT = '_u_kickoff_time_input_arg';

/** A trigger as `DeployTask` takes it, with its inputs beside it: they are stored apart. */
export interface TriggerOnWire {
  readonly trigger: TaskTrigger;
  readonly inputs: Inputs;
}

/**
 * A trigger as Flyte takes it.
 *
 * @throws FlyteError `invalid_argument` for inputs that don't fit the task, naming each field and never a value
 */
export async function triggerToWire(
  task: Pick<TaskDefinition, 'name' | 'codec' | 'settings'>,
  settings: TriggerSettings,
): Promise<TriggerOnWire> {
  const { name, active, description, kickoffTimeInput = '' } = settings;
  const trigger = create(TaskTriggerSchema, {
    name,
    spec: { active, description, runSpec: runSpecOf(settings, task.settings.queue) },
    automationSpec: {
      type: TriggerAutomationSpecType.TYPE_SCHEDULE,
      automation: {
        case: 'schedule',
        value: { expression: expressionOf(settings), kickoffTimeInputArg: kickoffTimeInput },
      },
    },
  });
  return { trigger, inputs: await inputsOf(task, settings) };
}

async function inputsOf(
  { name: task, codec }: Pick<TaskDefinition, 'name' | 'codec'>,
  { name, inputs, kickoffTimeInput }: TriggerSettings,
): Promise<Inputs> {
  try {
    if (kickoffTimeInput === undefined) return await codec.encodeInputs(inputs);
    const { literals } = await encodedWithTime(codec, inputs, kickoffTimeInput);
    return create(InputsSchema, {
      literals: literals.filter((literal) => literal.name !== kickoffTimeInput),
      context: [{ key: KICKOFF_CONTEXT, value: kickoffTimeInput }],
    });
  } catch (error) {
    if (!FlyteError.is(error)) throw error;
    const what = `The trigger ${JSON.stringify(name)} of the task ${JSON.stringify(task)}`;
    throw new FlyteError(error.code, `${what} has inputs that the task does not take: ${error.message}`, {
      cause: error,
    });
  }
}

/** With some time in the place of that which is not known yet: as a Date, or as text, whatever the schema takes. */
async function encodedWithTime(
  codec: TaskDefinition['codec'],
  inputs: TriggerSettings['inputs'],
  kickoff: string,
): Promise<Inputs> {
  const time = new Date(0);
  try {
    return await codec.encodeInputs({ ...inputs, [kickoff]: time.toISOString() });
  } catch {
    return codec.encodeInputs({ ...inputs, [kickoff]: time });
  }
}

function expressionOf({ schedule }: TriggerSettings): MessageInitShape<typeof ScheduleSchema>['expression'] {
  if (schedule.kind === 'cron') {
    return { case: 'cron', value: { expression: schedule.expression.trim(), timezone: schedule.timeZone } };
  }
  const { minutes, startTime } = schedule;
  const start = startTime === undefined ? undefined : timestampFromDate(startTime);
  return { case: 'rate', value: { value: minutes, unit: FixedRateUnit.MINUTE, startTime: start } };
}

function runSpecOf({ run }: TriggerSettings, queue: string | undefined): MessageInitShape<typeof RunSpecSchema> {
  const { envVars = {}, labels = {}, annotations = {}, interruptible, overwriteCache = false } = run;
  return {
    labels: { values: { ...labels } },
    annotations: { values: { ...annotations } },
    envs: { values: Object.entries(envVars).map(([key, value]) => ({ key, value })) },
    interruptible,
    overwriteCache,
    cacheConfig: { overwriteCache, cacheLookupScope: CacheLookupScope.GLOBAL },
    // Flyte has renamed this field to `queue`; on the wire it is the same.
    cluster: run.queue ?? queue ?? '',
  };
}
