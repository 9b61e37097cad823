import type { ActionKey } from '../runs/action-id.js';

/** Who makes a call, as its verified token says. */
export interface Caller {
  /** The token's `sub`. */
  readonly subject: string;
  /** Full name; empty if the token has none. */
  readonly name: string;
  /** E-mail address; empty if the token has none. */
  readonly email: string;
  /** The only projects that the token may touch; undefined means all. */
  readonly projects: ReadonlySet<string> | undefined;
  /** The only run that the token is good for, as an action's is; undefined means all. */
  readonly run?: Pick<ActionKey, 'project' | 'domain' | 'run'>;
}
