import { Command } from 'commander';
import { connectionOptions } from '../connection.js';
import { limitOption } from '../limit-option.js';
import { listSecrets } from './list-secrets.js';
import { scopeOption } from './scope-option.js';
import { secretCreateCommand } from './secret-create.command.js';
import { secretDeleteCommand } from './secret-delete.command.js';

/** `nestjs-flyte secret …` */
export function secretCommand(): Command {
  return new Command('secret')
    .description("Manage Flyte's store of secrets")
    .addCommand(secretCreateCommand())
    .addCommand(
      scopeOption(limitOption(connectionOptions(new Command('list'))))
        .description('The names of secrets; Flyte gives no value back')
        .action(listSecrets),
    )
    .addCommand(secretDeleteCommand());
}
