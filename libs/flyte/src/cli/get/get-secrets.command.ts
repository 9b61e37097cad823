import { Command } from 'commander';
import { connectionOptions } from '../connection.js';
import { limitOption } from '../limit-option.js';
import { listSecrets } from '../secret/list-secrets.js';
import { scopeOption } from '../secret/scope-option.js';

/** `nestjs-flyte get secrets`, the same as `secret list`. */
export function getSecretsCommand(): Command {
  return scopeOption(limitOption(connectionOptions(new Command('secrets'))))
    .description('The names of secrets; Flyte gives no value back')
    .action(listSecrets);
}
