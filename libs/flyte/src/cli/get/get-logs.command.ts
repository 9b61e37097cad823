import { Command } from 'commander';
import type { RunLogLine } from '../../remote/runs/run-logs.js';
import { connectionOptions, type ConnectionFlags, withFlyte } from '../connection.js';
import { wholeNumber } from '../limit-option.js';
import { print, toJson } from '../output.js';

interface Flags extends ConnectionFlags {
  readonly follow?: boolean;
  readonly attempt?: number;
}

/** `nestjs-flyte get logs <run>` */
export function getLogsCommand(): Command {
  return connectionOptions(new Command('logs'))
    .description("What a run's process wrote; with --json one JSON document a line")
    .argument('<run>', "the run's name")
    .option('-f, --follow', 'wait for more lines until the run ends')
    .option('--attempt <number>', 'of this attempt only, from 1', wholeNumber)
    .action((name: string, flags: Flags) =>
      withFlyte(flags, async ({ client, signal }) => {
        const { follow = false, attempt, json } = flags;
        const lines = client.runs.logs(name, { follow, signal, ...(attempt !== undefined && { attempt }) });
        const shown = (line: RunLogLine): string => (json === true ? toJson(line) : line.message);
        for await (const line of lines) await print(shown(line));
      }),
    );
}
