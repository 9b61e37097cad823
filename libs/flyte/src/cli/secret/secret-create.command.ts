import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { Command } from 'commander';
import { FlyteError } from '../../errors/flyte-error.js';
import { systemCodeOf } from '../../errors/system-code.js';
import { connectionOptions, withFlyte } from '../connection.js';
import { answer, note } from '../output.js';
import { placeOf, type ScopeFlags, scopeOption } from './scope-option.js';

interface Flags extends ScopeFlags {
  readonly fromFile?: string;
  readonly replace?: boolean;
}

/**
 * `nestjs-flyte secret create <name>`. A value comes from a file or from standard input, never as an argument: arguments
 * end up in the shell's history, and in every list of processes.
 */
export function secretCreateCommand(): Command {
  return scopeOption(connectionOptions(new Command('create')))
    .description('Store a secret. Its value is what standard input holds, byte for byte')
    .argument('<name>', 'its name, the key of a declaration')
    .option('--from-file <file>', 'take the value from a file instead')
    .option('--replace', 'in place of one of that name')
    .action(async (name: string, flags: Flags) => {
      const value = await valueOf(flags.fromFile);
      await withFlyte(flags, async ({ client, options, signal }) => {
        const { scope, replace = false } = flags;
        await client.secrets[replace ? 'put' : 'create'](name, textOrBytes(value), { signal, scope }).catch(
          (error: unknown) => {
            if (!FlyteError.is(error) || error.code !== 'already_exists') throw error;
            // Flyte names it by a key of its own store.
            const where = placeOf(flags, options);
            const message = `"${name}" is stored already in ${where}; --replace puts this value in its place.`;
            throw new FlyteError('already_exists', message);
          },
        );
        if (flags.fromFile === undefined && value.at(-1) === 0x0a) {
          note('The value ends with a line end, which is part of it now. To leave it out: printf %s "$VALUE" | …');
        }
        const bytes = value.length;
        await answer(flags, { name, scope, bytes }, () => [`Stored ${name}, ${bytes} bytes.`]);
      });
    });
}

async function valueOf(path: string | undefined): Promise<Buffer> {
  if (path === undefined && process.stdin.isTTY) {
    throw refused('The value is read from standard input: redirect it (< FILE), pipe it, or give --from-file.');
  }
  let value: Buffer;
  try {
    value = path === undefined ? await buffer(process.stdin) : readFileSync(path);
  } catch (error) {
    const code = systemCodeOf(error) ?? 'unknown';
    throw refused(`${path ?? 'Standard input'} can't be read (${code}).`);
  }
  if (value.length === 0) throw refused(`${path ?? 'Standard input'} is empty, and a secret has a value.`);
  return value;
}

/** Text as text, which a variable can hold; what is none as its bytes. */
function textOrBytes(value: Buffer): string | Uint8Array {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return value;
  }
}

function refused(message: string): FlyteError {
  return new FlyteError('invalid_argument', message);
}
