import { Command } from 'commander';
import { connectionOptions, withFlyte } from '../connection.js';
import { answer } from '../output.js';
import { type ScopeFlags, scopeOption } from './scope-option.js';

/** `nestjs-flyte secret delete <name>` */
export function secretDeleteCommand(): Command {
  return scopeOption(connectionOptions(new Command('delete')))
    .description('Delete a secret. Tasks that run keep what they were given')
    .argument('<name>', 'its name, the key of a declaration')
    .action((name: string, flags: ScopeFlags) =>
      withFlyte(flags, async ({ client, signal }) => {
        await client.secrets.delete(name, { signal, scope: flags.scope });
        await answer(flags, { name, scope: flags.scope, deleted: true }, () => [`Deleted ${name}.`]);
      }),
    );
}
