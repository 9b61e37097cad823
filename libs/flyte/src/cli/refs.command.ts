import { resolve } from 'node:path';
import { Command } from 'commander';
import { FlyteError } from '../errors/flyte-error.js';
import { checkVersion } from '../remote/tasks/task.service.js';
import { connectionOptions, type ConnectionFlags, withFlyte } from './connection.js';
import { answer, note, print } from './output.js';
import { deployedSpecs } from './refs/deployed-specs.js';
import { refsFile } from './refs/refs-file.js';
import { refsSource } from './refs/refs-source.js';

interface Flags extends ConnectionFlags {
  readonly out?: string;
  readonly version?: string;
  readonly environment?: string;
  readonly check?: boolean;
}

/** `nestjs-flyte refs` */
export function refsCommand(): Command {
  return connectionOptions(new Command('refs'))
    .description(
      'Write a taskRef with zod schemas for each deployed task, of Python too; what is unchanged stays as it is',
    )
    .argument('[task...]', 'full names of tasks; all of the project and domain without them')
    .option('--out <file>', 'the file of TypeScript that they go to; standard output without it')
    .option('--version <version>', 'this version of each, which its ref then names; its latest without it')
    .option('--environment <name>', 'only tasks of this environment')
    .option('--check', 'write nothing, and fail where the file is not what it would be')
    .action(async (names: string[], flags: Flags) => {
      const { environment, check = false } = flags;
      const version =
        flags.version === undefined || flags.version === 'latest' ? undefined : checkVersion(flags.version);
      if (check && flags.out === undefined) throw refused('--check compares a file: name it by --out.');
      if (names.length > 0 && environment !== undefined)
        throw refused('Give names of tasks or --environment, not both.');
      const path = flags.out === undefined ? undefined : resolve(flags.out);
      const file = path === undefined ? undefined : refsFile(path);
      await withFlyte(flags, async ({ client, signal }) => {
        const specs = await deployedSpecs(client.tasks, { names, version, environment }, signal);
        const { source, refs, leftOut } = refsSource(specs, commandLine(names, { ...flags, version }), version);
        for (const { task, why } of leftOut) note(`${task} is left out: ${why}.`);
        if (names.length > 0 && leftOut.length > 0)
          throw new FlyteError(
            'unimplemented',
            `There can be no ref of ${leftOut.map(({ task }) => task).join(', ')}.`,
          );
        if (file === undefined) {
          if (flags.json === true) await answer(flags, { source, refs, leftOut }, () => []);
          else await print(source.trimEnd());
          return;
        }
        const changed = file.differs(source);
        if (changed && check)
          throw new FlyteError(
            'failed_precondition',
            `${flags.out ?? ''} is not what Flyte's tasks make it: run this without --check.`,
          );
        if (changed) file.write(source);
        await answer(flags, { out: flags.out, changed, refs, leftOut }, () => [
          `${flags.out ?? ''}: ${refs.length} ${refs.length === 1 ? 'ref' : 'refs'}, ${changed ? 'written' : 'unchanged'}`,
        ]);
      });
    });
}

/** The arguments that make a file again: of the place of Flyte, what the command line says and no machine's own files do. */
function commandLine(names: readonly string[], flags: Flags): string {
  const options = (['out', 'version', 'environment', 'org', 'project', 'domain'] as const).flatMap((option) => {
    const value = flags[option];
    return value === undefined ? [] : [`--${option} ${quoted(value)}`];
  });
  return [...[...new Set(names)].toSorted().map(quoted), ...options].join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function refused(message: string): FlyteError {
  return new FlyteError('invalid_argument', message);
}
