import { Code, ConnectError } from '@connectrpc/connect';
import type { TriggerName } from 'nestjs-flyte/idl/common/identifier';

/** Names one trigger. There is one organization, so that takes no part. */
export interface TriggerKey {
  /** The project's id. */
  readonly project: string;
  /** The domain's id. */
  readonly domain: string;
  /** The task's full name. */
  readonly taskName: string;
  /** The trigger's name, of those of its task. */
  readonly name: string;
}

/**
 * The key of a trigger.
 *
 * @throws ConnectError `invalid_argument` if a part is missing
 */
export function triggerKeyOf(given: TriggerName | undefined): TriggerKey {
  const { project = '', domain = '', taskName = '', name = '' } = given ?? {};
  for (const [part, value] of Object.entries({ project, domain, 'task name': taskName, name })) {
    if (value === '') throw new ConnectError(`The request's trigger has no ${part}.`, Code.InvalidArgument);
    if (value.length > 255)
      throw new ConnectError(`The ${part} of a trigger has at most 255 characters.`, Code.InvalidArgument);
  }
  return { project, domain, taskName, name };
}
