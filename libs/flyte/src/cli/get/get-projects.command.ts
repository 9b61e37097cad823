import { Command } from 'commander';
import { connectionOptions, type ConnectionFlags, withFlyte } from '../connection.js';
import { limitOption } from '../limit-option.js';
import { answer, table, take } from '../output.js';

interface Flags extends ConnectionFlags {
  readonly limit: number;
}

/** `nestjs-flyte get projects` */
export function getProjectsCommand(): Command {
  return limitOption(connectionOptions(new Command('projects')))
    .description('The projects, and their domains')
    .action((flags: Flags) =>
      withFlyte(flags, async ({ client, signal }) => {
        const projects = await take(flags.limit, (pageSize) => client.projects.list({ signal, pageSize }));
        await answer(flags, projects, () =>
          table(
            ['ID', 'NAME', 'DOMAINS'],
            projects.map(({ id, name, domains }) => [id, name, domains.map((domain) => domain.id).join(', ')]),
          ),
        );
      }),
    );
}
