import { Command } from 'commander';
import { connectionOptions, type ConnectionFlags, withFlyte } from '../connection.js';
import { limitOption } from '../limit-option.js';
import { answer, take } from '../output.js';
import { runTable } from '../run-lines.js';

interface Flags extends ConnectionFlags {
  readonly limit: number;
  readonly task?: string;
}

/** `nestjs-flyte get runs` */
export function getRunsCommand(): Command {
  return limitOption(connectionOptions(new Command('runs')))
    .description('The runs of the project and domain, latest first')
    .option('--task <name>', 'only runs of this task')
    .action((flags: Flags) =>
      withFlyte(flags, async ({ client, signal }) => {
        const { limit, task } = flags;
        const of = task === undefined ? {} : { task };
        const runs = await take(limit, (pageSize) => client.runs.list({ signal, pageSize, ...of }));
        await answer(flags, runs, () => runTable(runs));
      }),
    );
}
