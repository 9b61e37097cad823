import { Command } from 'commander';
import { connectionOptions, type ConnectionFlags, withFlyte } from './connection.js';
import { answer } from './output.js';

/** `nestjs-flyte whoami` */
export function whoamiCommand(): Command {
  return connectionOptions(new Command('whoami'))
    .description('Ask Flyte who it takes this command for')
    .action((flags: ConnectionFlags) =>
      withFlyte(flags, async ({ client, options, signal }) => {
        const user = await client.users.get({ signal });
        const { authority: endpoint } = options.endpoint;
        const name = [user.name, user.email].filter(Boolean).join(', ');
        await answer(flags, Object.assign({ endpoint }, user), () => [
          `${user.subject}${name === '' ? '' : ` (${name})`} at ${endpoint}`,
        ]);
      }),
    );
}
