import { type Command, Option } from 'commander';
import type { PartialProjectId } from '../../remote/options/project-id.js';
import type { ConnectionFlags } from '../connection.js';

/** Options of commands about secrets. */
export interface ScopeFlags extends ConnectionFlags {
  readonly scope: 'project' | 'domain' | 'global';
}

/** Where a command looks for a secret, in words. */
export function placeOf({ scope }: ScopeFlags, { project = '', domain = '' }: PartialProjectId): string {
  if (scope === 'global') return 'the global scope';
  return scope === 'domain' ? `the scope of the domain ${domain}` : `${project}/${domain}`;
}

/** Adds {@link ScopeFlags}. */
export function scopeOption(command: Command): Command {
  return command.addOption(
    new Option('--scope <scope>', 'whose it is: of the project in the domain, of all projects of the domain, or of all')
      .choices(['project', 'domain', 'global'])
      .default('project'),
  );
}
