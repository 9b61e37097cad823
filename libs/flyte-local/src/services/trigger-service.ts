import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type ContextValues } from '@connectrpc/connect';
import type { TriggerName } from 'nestjs-flyte/idl/common/identifier';
import {
  TriggerRevisionSchema,
  TriggerSchema,
  type Trigger,
  type TriggerDetails,
  type TriggerRevision,
} from 'nestjs-flyte/idl/trigger/trigger_definition';
import { TriggerService, type ListTriggersRequest } from 'nestjs-flyte/idl/trigger/trigger_service';
import { requireCaller, requireProject } from '../calls/caller-context.js';
import { TRIGGER_COLUMNS, TRIGGER_REVISION_COLUMNS } from '../runs/list-columns.js';
import { pageOf, parsePage } from '../runs/page.js';
import type { SqlStatement } from '../state/sql.js';
import { triggerKeyOf, type TriggerKey } from '../triggers/trigger-key.js';
import type { TriggerRevisionRecord } from '../triggers/trigger-store.js';
import { checkedAutomation } from './deploy-trigger.js';
import type { PlaneService } from './plane-service.js';
import { requireExistingProject } from './project-check.js';
import { inProject, ownProjects } from './task-service.js';

/** What is on comes first. */
const ORDER = 'active DESC, updated_at DESC';

/** Triggers, with the semantics of Flyte's open-source backend. */
export const triggerService: PlaneService = {
  register(router, { database, triggers: { store, scheduler } }) {
    router.service(TriggerService, {
      deployTrigger({ name, revision, spec, automationSpec }, { values }) {
        const key = allowedKey(name, values);
        requireExistingProject(values, database, key.project);
        if (spec === undefined || spec.taskVersion === '')
          throw invalid('The request has no spec with a task version.');
        const trigger = { key, spec, automation: checkedAutomation(key.name, automationSpec) };
        const details = store.put(trigger, requireCaller(values), Number(revision));
        if (details === undefined) {
          throw new ConnectError(
            `The trigger ${JSON.stringify(key.name)} was changed since its revision ${String(revision)}: fetch it again, and deploy on top of that.`,
            Code.Aborted,
          );
        }
        scheduler.refresh();
        return { trigger: details };
      },
      getTriggerDetails({ name }, { values }) {
        const key = allowedKey(name, values);
        const found = store.get(key);
        if (found === undefined) throw triggerNotFound(key);
        return { trigger: found.details };
      },
      getTriggerRevisionDetails({ id }, { values }) {
        const key = allowedKey(id?.name, values);
        const found = store.revision(key, id?.revision ?? 0n);
        if (found !== undefined) return { trigger: found.details };
        const which = `${JSON.stringify(key.name)} of the task ${JSON.stringify(key.taskName)}`;
        throw new ConnectError(`The trigger ${which} has no revision ${String(id?.revision)}.`, Code.NotFound);
      },
      listTriggers({ request, scopeBy }, { values }) {
        const page = parsePage(request, TRIGGER_COLUMNS, ORDER);
        const { items, token } = pageOf(page, store.list(scopeOf(scopeBy, values), page));
        return { triggers: items.map(toTrigger), token };
      },
      getTriggerRevisionHistory({ request, name }, { values }) {
        const key = allowedKey(name, values);
        const page = parsePage(request, TRIGGER_REVISION_COLUMNS, 'revision DESC');
        const { items, token } = pageOf(page, store.revisions(key, page));
        return { triggers: items.map(toRevision), token };
      },
      updateTriggers({ names, active }, { values }) {
        store.setActive(allowedKeys(names, values), active, requireCaller(values));
        scheduler.refresh();
        return {};
      },
      deleteTriggers({ names }, { values }) {
        store.delete(allowedKeys(names, values), requireCaller(values));
        scheduler.refresh();
        return {};
      },
    });
  },
};

/** The error of a trigger that is not there. */
export function triggerNotFound({ project, domain, taskName, name }: TriggerKey): ConnectError {
  const where = `project ${JSON.stringify(project)}, domain ${JSON.stringify(domain)}`;
  return new ConnectError(
    `There is no trigger ${JSON.stringify(name)} of the task ${JSON.stringify(taskName)} in ${where}.`,
    Code.NotFound,
  );
}

function allowedKey(name: TriggerName | undefined, values: ContextValues): TriggerKey {
  const key = triggerKeyOf(name);
  requireProject(values, key.project);
  return key;
}

function allowedKeys(names: readonly TriggerName[], values: ContextValues): TriggerKey[] {
  if (names.length === 0) throw invalid('The request names no trigger.');
  return names.map((name) => allowedKey(name, values));
}

function scopeOf(by: ListTriggersRequest['scopeBy'], values: ContextValues): SqlStatement[] {
  switch (by.case) {
    case 'projectId':
      return inProject(by.value, values);
    case 'taskName':
    case 'taskId': {
      const { project, domain, name } = by.value;
      requireProject(values, project);
      const ofTask: SqlStatement = ['project = ? AND domain = ? AND task_name = ?', [project, domain, name]];
      return by.case === 'taskId' ? [ofTask, ['task_version = ?', [by.value.version]]] : [ofTask];
    }
    default:
      return ownProjects(values);
  }
}

function toTrigger({ id, metadata, status, spec, automationSpec }: TriggerDetails): Trigger {
  return create(TriggerSchema, { id, metadata, status, active: spec?.active ?? false, automationSpec });
}

function toRevision({ details, action, createdAt }: TriggerRevisionRecord): TriggerRevision {
  const { id, metadata, status } = details;
  return create(TriggerRevisionSchema, { id, metadata, status, action, createdAt: timestampFromMs(createdAt) });
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}
