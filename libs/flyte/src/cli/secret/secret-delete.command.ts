import { Command } from 'commander';
import { FlyteError } from '../../errors/flyte-error.js';
import { connectionOptions, withFlyte } from '../connection.js';
import { answer } from '../output.js';
import { placeOf, type ScopeFlags, scopeOption } from './scope-option.js';

/** `nestjs-flyte secret delete <name>` */
export function secretDeleteCommand(): Command {
  return scopeOption(connectionOptions(new Command('delete')))
    .description('Delete a secret. Tasks that run keep what they were given')
    .argument('<name>', 'its name, the key of a declaration')
    .action((name: string, flags: ScopeFlags) =>
      withFlyte(flags, async ({ client, options, signal }) => {
        await client.secrets.delete(name, { signal, scope: flags.scope }).catch((error: unknown) => {
          // With a fault it is no secret that is missing: the project is.
          if (!FlyteError.is(error) || error.code !== 'not_found' || error.fault !== undefined) throw error;
          const where = placeOf(flags, options);
          throw new FlyteError('not_found', `There is no "${name}" in ${where}. --scope says where else to look.`);
        });
        await answer(flags, { name, scope: flags.scope, deleted: true }, () => [`Deleted ${name}.`]);
      }),
    );
}
