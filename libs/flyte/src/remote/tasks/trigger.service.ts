import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { createClient, type Transport } from '@connectrpc/connect';
import { FlyteError } from '../../errors/flyte-error.js';
import type { Trigger, TriggerDetails } from '../../gen/flyteidl2/trigger/trigger_definition_pb.js';
import {
  type ListTriggersRequestSchema,
  TriggerService as Triggers,
} from '../../gen/flyteidl2/trigger/trigger_service_pb.js';
import { PAGE_SIZE, pages } from '../connection/pages.js';
import { projectIdOf, type PartialProjectId, type ProjectId } from '../options/project-id.js';
import { scheduleText } from './schedule-text.js';
import type { TaskCallOptions } from './task.service.js';

/** A trigger that was deployed to Flyte. */
export class DeployedTrigger {
  /** The full name of its task. */
  readonly task: string = '';
  /** Its name, of those of its task. */
  readonly name: string = '';
  readonly project: string = '';
  readonly domain: string = '';
  /** Whether it fires. */
  readonly active: boolean = false;
  /** When, in words: `cron 0 2 * * * (Europe/Zurich)`, `every 15 minutes`. */
  readonly schedule: string = '';
  /** The input that is given the time that a run was due for; empty for none. */
  readonly kickoffTimeInput: string = '';
  /** How often it was deployed, paused, activated and deleted. */
  readonly revision: number = 0;
  readonly deployedAt: Date | undefined = undefined;
  /** When it was paused or activated last. */
  readonly updatedAt: Date | undefined = undefined;
  /** When it fired last. */
  readonly triggeredAt: Date | undefined = undefined;
  /** The version of the task that it runs; empty in lists. */
  readonly version: string = '';
  /** Empty in lists. */
  readonly description: string = '';
}

/** Which trigger: that of a task, by its name. A {@link DeployedTrigger} is one. */
export interface TriggerName {
  /** The full name of its task: `<environment>.<method>`. */
  readonly task: string;
  readonly name: string;
}

/** Options of lists of triggers. */
export interface ListTriggersOptions extends TaskCallOptions {
  /** Of this task alone, by its full name. */
  readonly task?: string;
  /** Those that run this version of the task. */
  readonly version?: string;
  /** How many triggers one call to Flyte brings. 100 if not given. */
  readonly pageSize?: number;
}

/** The triggers that Flyte fires. They are deployed with their tasks. The Python SDK's `flyte.remote.Trigger`. */
export abstract class TriggerService {
  /** The triggers of a project and domain, page after page as they are read, each page as the caller of `list`. */
  abstract list(options?: ListTriggersOptions): AsyncIterable<DeployedTrigger>;
  /** One trigger. @throws FlyteError `not_found` */
  abstract get(trigger: TriggerName, options?: TaskCallOptions): Promise<DeployedTrigger>;
  /** Has it fire no more until it is activated, or deployed again. What would have been due meanwhile is left out. @throws FlyteError `not_found` */
  abstract pause(trigger: TriggerName, options?: TaskCallOptions): Promise<void>;
  /** Has it fire from now on. @throws FlyteError `not_found` */
  abstract activate(trigger: TriggerName, options?: TaskCallOptions): Promise<void>;
  /** Deletes it, until its task is deployed with it again. @throws FlyteError `not_found` */
  abstract delete(trigger: TriggerName, options?: TaskCallOptions): Promise<void>;
}

/** The service over a transport that adds the caller. */
export function createTriggerService(transport: Transport, defaults: PartialProjectId): TriggerService {
  const client = createClient(Triggers, transport);
  const place = (what: string, { project, domain }: TaskCallOptions): ProjectId =>
    projectIdOf(what, { org: defaults.org, project: project ?? defaults.project, domain: domain ?? defaults.domain });
  const idOf = (what: string, { task, name }: TriggerName, options: TaskCallOptions) => {
    if (task === '' || name === '') {
      throw new FlyteError(
        'invalid_argument',
        `${what} takes the full name of a task, and the name of a trigger of it.`,
      );
    }
    return { ...place(what, options), taskName: task, name };
  };
  /** Flyte is silent about a trigger that is not there; so it is asked for first. */
  const existing = async (what: string, trigger: TriggerName, { project, domain, ...options }: TaskCallOptions) => {
    const name = idOf(what, trigger, { project, domain });
    await client.getTriggerDetails({ name }, options);
    return { name, options };
  };
  const setActive = async (what: string, trigger: TriggerName, given: TaskCallOptions, active: boolean) => {
    const { name, options } = await existing(what, trigger, given);
    await client.updateTriggers({ names: [name], active }, options);
  };
  return {
    list({ project, domain, task, version, pageSize: limit = PAGE_SIZE, ...options } = {}) {
      if (version !== undefined && task === undefined) {
        throw new FlyteError(
          'invalid_argument',
          'TriggerService.list takes a "version" of a "task": name the task, too.',
        );
      }
      const id = place('TriggerService.list', { project, domain });
      const scopeBy = scopeOf(id, task, version);
      return pages(async (token) => {
        const answer = await client.listTriggers({ scopeBy, request: { limit, token } }, options);
        return { items: answer.triggers.map((trigger) => toDeployedTrigger(trigger)), next: answer.token };
      });
    },
    async get(trigger, { project, domain, ...options } = {}) {
      const name = idOf('TriggerService.get', trigger, { project, domain });
      const { trigger: details } = await client.getTriggerDetails({ name }, options);
      if (!details)
        throw new FlyteError('internal', `Flyte answered without the trigger ${JSON.stringify(trigger.name)}.`);
      return toDeployedTrigger(details, details);
    },
    pause: (trigger, options = {}) => setActive('TriggerService.pause', trigger, options, false),
    activate: (trigger, options = {}) => setActive('TriggerService.activate', trigger, options, true),
    async delete(trigger, given = {}) {
      const { name, options } = await existing('TriggerService.delete', trigger, given);
      await client.deleteTriggers({ names: [name] }, options);
    },
  };
}

function scopeOf(
  { org, project, domain }: ProjectId,
  name: string | undefined,
  version: string | undefined,
): ListTriggersRequestInit['scopeBy'] {
  if (name === undefined) return { case: 'projectId', value: { organization: org, name: project, domain } };
  if (version === undefined) return { case: 'taskName', value: { org, project, domain, name } };
  return { case: 'taskId', value: { org, project, domain, name, version } };
}

type ListTriggersRequestInit = Exclude<MessageInitShape<typeof ListTriggersRequestSchema>, { $typeName: string }>;

/** @param details what lists leave out */
function toDeployedTrigger(
  { id, status, automationSpec, ...trigger }: Trigger | TriggerDetails,
  details?: TriggerDetails,
): DeployedTrigger {
  const { taskName: task = '', name = '', project = '', domain = '' } = id?.name ?? {};
  const { deployedAt, updatedAt, triggeredAt } = status ?? {};
  const automation = automationSpec?.automation;
  return Object.assign(new DeployedTrigger(), {
    ...{ task, name, project, domain, revision: Number(id?.revision ?? 0) },
    active: 'active' in trigger ? trigger.active : (trigger.spec?.active ?? false),
    schedule: scheduleText(automationSpec),
    kickoffTimeInput: automation?.case === 'schedule' ? automation.value.kickoffTimeInputArg : '',
    deployedAt: deployedAt && timestampDate(deployedAt),
    updatedAt: updatedAt && timestampDate(updatedAt),
    triggeredAt: triggeredAt && timestampDate(triggeredAt),
    version: details?.spec?.taskVersion ?? '',
    description: details?.spec?.description ?? '',
  });
}
