import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { FlyteError } from '../errors/flyte-error.js';
import { systemCodeOf } from '../errors/system-code.js';
import type { Inputs, Outputs } from '../gen/flyteidl2/task/common_pb.js';
import { plainValues } from '../remote/runs/plain-literals.js';
import { startRun } from '../remote/runs/run-creation.js';
import type { Run } from '../remote/runs/run.js';
import { type Connection, connectionOptions, type ConnectionFlags, withFlyte } from './connection.js';
import { inDoubt } from './interruption.js';
import { answer, note, print, toJson } from './output.js';
import { inputsOf } from './task-inputs.js';

interface Flags extends ConnectionFlags {
  readonly input: readonly string[];
  readonly inputs?: string;
  readonly version?: string;
  readonly follow?: boolean;
}

/** `nestjs-flyte run <task>` */
export function runCommand(): Command {
  const each = (text: string, before: readonly string[]): string[] => [...before, text];
  return connectionOptions(new Command('run'))
    .description('Run a deployed task; with --follow, show its log, wait for it, and print its outputs')
    .argument('<task>', "the task's full name, such as signing.sign")
    .option('-i, --input <name=value>', 'an input, as text or as JSON; again for each', each, [])
    .option('--inputs <file>', 'a JSON file with inputs by name')
    .option('--version <version>', 'the version to run; the one deployed last without it')
    .option('-f, --follow', 'until it has ended. Ctrl-C ends the waiting, and not the run')
    .action(async (task: string, flags: Flags) => {
      const given = { texts: flags.input, values: valuesOf(flags.inputs) };
      await withFlyte(flags, async (connection) => {
        const { client, signal } = connection;
        const { version = 'latest', follow = false } = flags;
        const deployed = await client.tasks.get(task, { version, signal });
        if (deployed.spec === undefined) throw new FlyteError('internal', `Flyte gave no specification of ${task}.`);
        const run = await started(connection, task, deployed.version, inputsOf(deployed.spec, given));
        if (follow) return showUntilEnd(run, flags, signal);
        const { name, project, domain } = run;
        await answer(flags, { name, task, version: deployed.version, project, domain }, () => [name]);
      });
    });
}

/** Starts a task that only Flyte knows: what it gives is read as Flyte has it. */
function started({ creation, signal }: Connection, name: string, version: string, inputs: Inputs): Promise<Run> {
  const codec = {
    encodeInputs: async () => inputs,
    decodeOutputs: async ({ literals }: Pick<Outputs, 'literals'>) => plainValues('outputs', literals),
  };
  const hint = `The run may have begun: see "npx --no-install nestjs-flyte get runs --task ${name}".`;
  return inDoubt(signal, hint, () =>
    startRun(creation, { name, codec, version }, undefined, { signal, detached: true }),
  );
}

async function showUntilEnd(run: Run, flags: Flags, signal: AbortSignal): Promise<void> {
  const { json = false } = flags;
  note(`Run ${run.name} has begun.`);
  const look = `"npx --no-install nestjs-flyte get run ${run.name}"`;
  signal.addEventListener('abort', () => note(`Run ${run.name} goes on: see ${look}.`));
  try {
    let current = 1;
    for await (const { message, attempt } of run.logs({ signal })) {
      // Attempts of one task say much the same.
      if (attempt !== current) note(`Attempt ${(current = attempt)}:`);
      await (json ? note(message) : print(message));
    }
  } catch (error) {
    // What it gave can be had without its log.
    if (signal.aborted || !FlyteError.is(error)) throw error;
    if (error.code !== 'not_found') note(`The log is not to be had: ${error.message}`);
  }
  const info = await run.wait({ signal }).catch((error: unknown) => {
    if (!signal.aborted) note(`Run ${run.name} may go on: see ${look}.`);
    throw error;
  });
  if (info.phase === 'succeeded') {
    const outputs = await run.outputs({ signal });
    return answer(flags, Object.assign({}, info, { outputs }), () => [toJson(outputs)]);
  }
  if (json) await print(toJson(info, 2));
  // Fails with why.
  await run.outputs({ signal });
}

function valuesOf(path: string | undefined): unknown {
  if (path === undefined) return {};
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    const code = systemCodeOf(error) ?? 'unknown';
    throw new FlyteError('invalid_argument', `The file of --inputs, ${path}, can't be read (${code}).`);
  }
  try {
    return JSON.parse(source);
  } catch {
    // What the parser says quotes the file.
    throw new FlyteError('invalid_argument', `The file of --inputs, ${path}, is no JSON.`);
  }
}
