import { Command } from 'commander';
import { FlyteError } from '../../errors/flyte-error.js';
import { connectionOptions, type ConnectionFlags, withFlyte } from '../connection.js';
import { answer, dateText, toJson } from '../output.js';

/** A run that waits may have none yet, as far as Flyte knows. */
function noneYet(error: unknown): undefined {
  if (!FlyteError.is(error) || error.code !== 'not_found') throw error;
}

/** `nestjs-flyte get run <run>` */
export function getRunCommand(): Command {
  return connectionOptions(new Command('run'))
    .description('A run: how far it is, what it was given, and what it gave')
    .argument('<run>', "the run's name")
    .action((name: string, flags: ConnectionFlags) =>
      withFlyte(flags, async ({ client, signal }) => {
        const info = await client.runs.get(name, { signal });
        const inputs = await client.runs.inputs(name, { signal }).catch(noneYet);
        const outputs = info.phase === 'succeeded' ? await client.runs.outputs(name, { signal }) : undefined;
        await answer(flags, Object.assign({}, info, { inputs, outputs }), () =>
          [
            ['name', info.name],
            ['task', `${info.task} ${info.version}`.trim()],
            ['phase', info.error === undefined ? info.phase : `${info.phase}: ${info.error.message}`],
            ['attempts', String(info.attempts)],
            ['started', dateText(info.startedAt)],
            ['ended', dateText(info.endedAt)],
            ['inputs', inputs === undefined ? '' : toJson(inputs)],
            ['outputs', outputs === undefined ? '' : toJson(outputs)],
          ].map(([label = '', value = '']) => `${label.padEnd(9)} ${value}`.trimEnd()),
        );
      }),
    );
}
