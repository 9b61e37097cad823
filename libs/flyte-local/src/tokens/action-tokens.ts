import { createHash, randomBytes } from 'node:crypto';
import type { EnrichedIdentity } from 'nestjs-flyte/idl/common/identity';
import type { ActionKey } from '../runs/action-id.js';
import type { Caller } from './caller.js';

/** What an attempt calls the plane with. */
export interface ActionToken {
  /** The token: a credential. */
  readonly token: string;
  /** Ends it. */
  readonly revoke: () => void;
}

/** How such a token begins, so that no other one is looked for here. */
const PREFIX = 'flyte-local-action-';

/**
 * The tokens of running attempts: each is good for its run, in the name of who asked for that, for as long as its process lives. They are
 * in memory alone, and gone with the plane, as the processes are.
 */
export class ActionTokens {
  readonly #callers = new Map<string, Caller>();

  /** Makes the token of an attempt. */
  issue({ project, domain, run }: ActionKey, executedBy: EnrichedIdentity | undefined): ActionToken {
    const user = executedBy?.principal.case === 'user' ? executedBy.principal.value : undefined;
    const token = `${PREFIX}${randomBytes(32).toString('base64url')}`;
    const digest = digestOf(token);
    this.#callers.set(digest, {
      subject: user?.id?.subject ?? '',
      name: user?.spec?.firstName ?? '',
      email: user?.spec?.email ?? '',
      projects: new Set([project]),
      run: { project, domain, run },
    });
    return { token, revoke: () => void this.#callers.delete(digest) };
  }

  /** Who calls with a token; undefined if it is none of these. */
  find(token: string): Caller | undefined {
    return token.startsWith(PREFIX) ? this.#callers.get(digestOf(token)) : undefined;
  }
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
