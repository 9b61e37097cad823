import { Code, ConnectError } from '@connectrpc/connect';
import type { ActionIdentifier, RunIdentifier } from 'nestjs-flyte/idl/common/identifier';
import { ROOT_ACTION } from 'nestjs-flyte/protocol';

/** Names one action. There is one organization, so that takes no part. */
export interface ActionKey {
  /** The project's id. */
  readonly project: string;
  /** The domain's id. */
  readonly domain: string;
  /** The run's name. */
  readonly run: string;
  /** The action's name in its run. */
  readonly name: string;
}

/**
 * The key of a run's root action.
 *
 * @throws ConnectError `invalid_argument` if a part is missing
 */
export function rootActionOf(run: RunIdentifier | undefined): ActionKey {
  const { project = '', domain = '', name = '' } = run ?? {};
  for (const [part, value] of Object.entries({ project, domain, name })) {
    if (value === '') throw new ConnectError(`The request's run id has no ${part}.`, Code.InvalidArgument);
  }
  return { project, domain, run: name, name: ROOT_ACTION };
}

/**
 * The key of an action.
 *
 * @throws ConnectError `invalid_argument` if a part is missing
 */
export function actionKeyOf(id: ActionIdentifier | undefined): ActionKey {
  const root = rootActionOf(id?.run);
  const name = id?.name ?? '';
  if (name === '') throw new ConnectError("The request's action id has no name.", Code.InvalidArgument);
  return { ...root, name };
}

/** One text for one key: parts may hold any character. */
export function textOf({ project, domain, run, name }: ActionKey): string {
  return JSON.stringify([project, domain, run, name]);
}

/** What an attempt's pod would be called. @param attempt from 1 */
export function podNameOf({ run, name }: ActionKey, attempt: number): string {
  return `${run}-${name}-${attempt - 1}`;
}

/**
 * Refuses what is no DNS-1035 label of at most 30 characters, as Flyte does.
 *
 * @throws ConnectError `invalid_argument`
 */
export function requireRunName(name: string): void {
  if (name.length <= 30 && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)) return;
  throw new ConnectError(
    `The run name ${JSON.stringify(name)} must have 1 to 30 characters: small letters, digits and "-", beginning with ` +
      'a letter and not ending with "-".',
    Code.InvalidArgument,
  );
}
