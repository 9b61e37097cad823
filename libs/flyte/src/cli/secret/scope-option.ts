import { type Command, Option } from 'commander';
import type { ConnectionFlags } from '../connection.js';

/** Options of commands about secrets. */
export interface ScopeFlags extends ConnectionFlags {
  readonly scope: 'project' | 'domain' | 'global';
}

/** Adds {@link ScopeFlags}. */
export function scopeOption(command: Command): Command {
  return command.addOption(
    new Option('--scope <scope>', 'whose it is: of the project in the domain, of all projects of the domain, or of all')
      .choices(['project', 'domain', 'global'])
      .default('project'),
  );
}
