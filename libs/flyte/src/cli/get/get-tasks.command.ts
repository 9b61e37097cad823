import { Command } from 'commander';
import { connectionOptions, type ConnectionFlags, withFlyte } from '../connection.js';
import { limitOption } from '../limit-option.js';
import { answer, dateText, table, take } from '../output.js';

interface Flags extends ConnectionFlags {
  readonly limit: number;
}

/** `nestjs-flyte get tasks [name]` */
export function getTasksCommand(): Command {
  return limitOption(connectionOptions(new Command('tasks')))
    .description('The deployed tasks, each with its latest version; of one task, its versions')
    .argument('[name]', "a task's full name")
    .action((name: string | undefined, flags: Flags) =>
      withFlyte(flags, async ({ client, signal }) => {
        const page = { signal, pageSize: Math.min(flags.limit, 100) };
        const list =
          name === undefined
            ? await take(flags.limit, client.tasks.list(page))
            : (await take(flags.limit, client.tasks.versions(name, page))).map((version) => ({ name, ...version }));
        await answer(flags, list, () =>
          table(
            ['NAME', 'VERSION', 'DEPLOYED'],
            list.map((task) => [task.name, task.version, dateText(task.deployedAt)]),
          ),
        );
      }),
    );
}
