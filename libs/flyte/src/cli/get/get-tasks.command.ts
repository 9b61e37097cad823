import { Command } from 'commander';
import type { TaskVersion } from '../../remote/tasks/task.service.js';
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
        const listed = await take(flags.limit, (pageSize): AsyncIterable<TaskVersion & { readonly name?: string }> => {
          const page = { signal, pageSize };
          return name === undefined ? client.tasks.list(page) : client.tasks.versions(name, page);
        });
        const list = listed.map((task) => ({ name, ...task }));
        await answer(flags, list, () =>
          table(
            ['NAME', 'VERSION', 'DEPLOYED'],
            list.map((task) => [task.name ?? '', task.version, dateText(task.deployedAt)]),
          ),
        );
      }),
    );
}
