import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { Command } from 'commander';
import { ConnectError } from '@connectrpc/connect';
import { openSecretStore, type OpenSecretStore } from '../secrets/open-secret-store.js';
import {
  describeOwner,
  requireOwner,
  requireSecretId,
  requireStorable,
  type SecretId,
  type SecretOwner,
} from '../secrets/secret-owner.js';
import { codeOf } from '../state/atomic-file.js';
import { stateOption } from './options.js';
import { UsageError } from './usage-error.js';

interface OwnerFlags {
  readonly project?: string;
  readonly domain?: string;
  readonly state?: string;
}

interface PutFlags extends OwnerFlags {
  readonly fromFile?: string;
}

/**
 * The command `secret`: puts, lists and deletes secrets of a state folder, whether a plane runs on it or not. A value is
 * read from a file or the standard input, never from an argument: arguments end up in shell histories and process lists.
 *
 * @param program the command that it belongs to; its `--state` counts too
 */
export function secretCommand(program: Command): Command {
  const secret = new Command('secret')
    .description('Manage the secrets of a state folder. Without --domain, a secret is global.')
    .copyInheritedSettings(program)
    .addOption(stateOption());
  const stateOf = (flags: OwnerFlags): string | undefined =>
    flags.state ?? secret.opts<OwnerFlags>().state ?? program.opts<OwnerFlags>().state;
  const withOwner = (command: Command): Command =>
    command
      .copyInheritedSettings(program)
      .addOption(stateOption())
      .option('--project <id>', 'the project; needs --domain')
      .option('--domain <id>', 'the domain');

  const put = withOwner(new Command('put'))
    .description('Create or replace a secret. The value comes from the standard input, exactly as it is.')
    .argument('<name>', 'its name, the key of a declaration')
    .option('--from-file <file>', 'read the value from a file instead')
    .action(async (name: string, flags: PutFlags) => {
      const id = requireUsage(name, flags);
      const value = await readValue(flags.fromFile);
      usage(id, () => requireStorable(id, value));
      using open = await openSecretStore(stateOf(flags));
      const isNew = open.store.create(id, value);
      if (!isNew) open.store.update(id, value);
      if (flags.fromFile === undefined && value.at(-1) === 0x0a) {
        console.error('The value ends with a line end, which is part of it now. To leave it out: printf %s VALUE | …');
      }
      console.log(`${isNew ? 'Created' : 'Replaced'} ${name} (${describeOwner(id)}, ${value.length} bytes).`);
    });
  const list = withOwner(new Command('list'))
    .description('List names and scopes; values are never shown.')
    .action(async (flags: OwnerFlags) => {
      const owner = requireUsageOwner(flags);
      using open = await openSecretStore(stateOf(flags));
      for (const found of open.store.list({ ...owner, limit: 0, offset: 0 })) {
        console.log(`${found.name}\t${describeOwner(found)}`);
      }
    });
  const remove = withOwner(new Command('delete'))
    .description('Delete a secret.')
    .argument('<name>', 'its name')
    .action(async (name: string, flags: OwnerFlags) => {
      const id = requireUsage(name, flags);
      using open: OpenSecretStore = await openSecretStore(stateOf(flags));
      if (!open.store.delete(id)) throw new Error(`There is no secret ${name} (${describeOwner(id)}).`);
      console.log(`Deleted ${name} (${describeOwner(id)}).`);
    });
  return secret.addCommand(put).addCommand(list).addCommand(remove);
}

function requireUsageOwner({ project = '', domain = '' }: OwnerFlags): SecretOwner {
  return usage({ project, domain }, requireOwner);
}

function requireUsage(name: string, { project = '', domain = '' }: OwnerFlags): SecretId {
  return usage({ name, project, domain }, requireSecretId);
}

/** The same rules as on the wire, as mistakes in calling the command. */
function usage<Given>(given: Given, check: (given: Given) => void): Given {
  try {
    check(given);
    return given;
  } catch (error) {
    throw new UsageError(ConnectError.from(error).rawMessage);
  }
}

async function readValue(path: string | undefined): Promise<Uint8Array> {
  if (path === undefined && process.stdin.isTTY) {
    throw new UsageError(
      'The value is read from the standard input: redirect it (< FILE), pipe it, or give --from-file.',
    );
  }
  try {
    return path === undefined ? await buffer(process.stdin) : readFileSync(path);
  } catch (error) {
    throw new UsageError(`${path ?? 'The standard input'} can't be read (${codeOf(error)}).`);
  }
}
