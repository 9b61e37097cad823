import { Command } from 'commander';
import { connectionOptions, type ConnectionFlags, withFlyte } from './connection.js';
import { answer } from './output.js';
import { runLine } from './run-lines.js';

interface Flags extends ConnectionFlags {
  readonly reason?: string;
}

/** `nestjs-flyte abort <run>` */
export function abortCommand(): Command {
  return connectionOptions(new Command('abort'))
    .description('Stop a run. One that has ended stays as it is')
    .argument('<run>', "the run's name")
    .option('--reason <text>', 'why, for whoever looks at the run')
    .action((name: string, flags: Flags) =>
      withFlyte(flags, async ({ client, signal }) => {
        await client.runs.abort(name, flags.reason, { signal });
        const info = await client.runs.get(name, { signal });
        await answer(flags, info, () => [runLine(info)]);
      }),
    );
}
