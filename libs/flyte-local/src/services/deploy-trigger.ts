import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  TriggerAutomationSpecSchema,
  TriggerAutomationSpecType,
  type TriggerAutomationSpec,
} from 'nestjs-flyte/idl/task/common';
import type { TaskIdentifier, TaskTrigger } from 'nestjs-flyte/idl/task/task_definition';
import { TriggerSpecSchema, type TriggerSpec } from 'nestjs-flyte/idl/trigger/trigger_definition';
import type { Caller } from '../tokens/caller.js';
import { firingTimes } from '../triggers/schedule-times.js';
import type { NewTrigger, TriggerStore } from '../triggers/trigger-store.js';
import { cut, MAX_SHORT } from './cut-descriptions.js';

/** `TYPE_ARTIFACT`, which is newer than the interface definition here. */
const ARTIFACT: number = 3;

/**
 * What a trigger is to be, looked at.
 *
 * @param what whose it is, for the error
 * @throws ConnectError `invalid_argument` for a schedule that upstream refuses, too; `unimplemented` for what fires by artifacts
 */
export function checkedAutomation(what: string, automation: TriggerAutomationSpec | undefined): TriggerAutomationSpec {
  if (Number(automation?.type) === ARTIFACT) {
    throw new ConnectError(
      `The local control plane has no artifacts, so nothing would fire the artifact trigger ${JSON.stringify(what)}: give it a schedule.`,
      Code.Unimplemented,
    );
  }
  try {
    firingTimes(automation, 0)?.after(0);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConnectError(
      `The trigger ${JSON.stringify(what)} has a wrong schedule: ${error.message}.`,
      Code.InvalidArgument,
    );
  }
  const isScheduled = automation?.automation.case === 'schedule';
  const type = isScheduled ? TriggerAutomationSpecType.TYPE_SCHEDULE : TriggerAutomationSpecType.TYPE_NONE;
  return { ...(automation ?? create(TriggerAutomationSpecSchema)), type };
}

/**
 * The triggers that a task is deployed with.
 *
 * @throws ConnectError as {@link checkedAutomation}
 */
export function triggersOfTask(task: TaskIdentifier, triggers: readonly TaskTrigger[]): NewTrigger[] {
  return triggers.map(({ name, spec, automationSpec }) => {
    if (name === '' || name.length > 255) {
      throw new ConnectError("A trigger's name has 1 to 255 characters.", Code.InvalidArgument);
    }
    return {
      key: { project: task.project, domain: task.domain, taskName: task.name, name },
      spec: create(TriggerSpecSchema, {
        active: spec?.active ?? false,
        inputs: spec?.inputs,
        offloadedInputData: spec?.offloadedInputData,
        runSpec: spec?.runSpec,
        taskVersion: task.version,
        description: cut(spec?.description ?? '', MAX_SHORT),
      } satisfies Partial<TriggerSpec>),
      automation: checkedAutomation(name, automationSpec),
    };
  });
}

/**
 * Puts a task's triggers in place of those that it has. As upstream, a task that is deployed with none keeps those that it has: what an
 * older client deploys does not end what a newer one set up.
 *
 * Inside a transaction.
 */
export function replaceTriggers(
  store: TriggerStore,
  task: TaskIdentifier,
  triggers: readonly NewTrigger[],
  by: Caller,
): void {
  if (triggers.length === 0) return;
  const names = new Set(triggers.map(({ key }) => key.name));
  for (const key of store.ofTask(task)) if (!names.has(key.name)) store.deleteWithin(key, by);
  for (const trigger of triggers) store.putWithin(trigger, by);
}
