import { create } from '@bufbuild/protobuf';
import {
  TaskMetadataSchema,
  TaskTriggersSummarySchema,
  type TaskDetails,
  type TaskMetadata,
} from 'nestjs-flyte/idl/task/task_definition';
import type { TriggerStore } from '../triggers/trigger-store.js';

/** What is said of a version of a task, with its triggers: the one that it has, or how many. */
export function withTriggers(store: TriggerStore, { taskId, metadata }: TaskDetails): TaskMetadata | undefined {
  if (taskId === undefined || metadata === undefined) return metadata;
  const triggers = store.ofVersion(taskId);
  const [first] = triggers;
  if (first === undefined) return metadata;
  const { id, spec, automationSpec } = first;
  const details = { name: id?.name?.name ?? '', active: spec?.active ?? false, automationSpec };
  const active = triggers.filter((trigger) => trigger.spec?.active === true).length;
  const triggersSummary = create(TaskTriggersSummarySchema, {
    summary:
      triggers.length === 1
        ? { case: 'details', value: details }
        : { case: 'stats', value: { total: triggers.length, active } },
  });
  return create(TaskMetadataSchema, { ...metadata, triggersSummary });
}
