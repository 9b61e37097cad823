import { execFile } from 'node:child_process';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { SECRETS_MOUNT } from 'nestjs-flyte';
import { codeOf } from '../state/atomic-file.js';

/** A command line. */
export interface CommandLine {
  /** The program's path. */
  readonly file: string;
  /** Its arguments. */
  readonly args: readonly string[];
}

/**
 * In a mount namespace of its own, the shell puts the folder of secrets at its literal place and becomes the command. It
 * drops the variables that it sets by itself, the names of which come first.
 */
const SCRIPT = `for name in $1; do unset "$name"; done
"$2" --bind "$3" "$4" || echo "The folder $4 can't be mounted; the secrets are in the folder of FLYTE_SECRETS_DEFAULT_DIR." >&2
shift 4
exec "$@"`;

/**
 * Shows actions their secret files at the literal `/etc/flyte/secrets`, where the host allows it: as root on Linux, with
 * util-linux. Each action sees its own files there and nobody else sees any, because the mount is in a namespace of the
 * action's. The empty folder `/etc/flyte/secrets` is made on the host when it is missing, as something to mount over.
 */
export class SecretsMount {
  #probe: Promise<string | undefined> | undefined;

  /**
   * Why it is not possible here; undefined if it is. It tries it out once.
   *
   * @param folder any folder
   */
  problem(folder: string): Promise<string | undefined> {
    return (this.#probe ??= probe(folder));
  }

  /**
   * The command line that runs a command in such a namespace.
   *
   * @param command what to run
   * @param folder the secrets that it sees
   * @param env its environment
   */
  wrap({ file, args }: CommandLine, folder: string, env: Readonly<Record<string, string>>): CommandLine {
    const added = ['PWD', 'OLDPWD', 'SHLVL'].filter((name) => env[name] === undefined).join(' ');
    return inNamespace([added, tool('mount') ?? '', folder, SECRETS_MOUNT, file, ...args]);
  }
}

function inNamespace(args: readonly string[]): CommandLine {
  // "private" keeps the mount from the host, whatever propagation the host has.
  const flags = ['--mount', '--propagation', 'private', '--', '/bin/sh', '-c', SCRIPT, 'sh'];
  return { file: tool('unshare') ?? '', args: [...flags, ...args] };
}

async function probe(folder: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'the control plane does not run as root';
  const missing = ['unshare', 'mount'].find((name) => tool(name) === undefined);
  if (missing !== undefined) return `there is no ${missing} command`;
  try {
    mkdirSync(SECRETS_MOUNT, { recursive: true, mode: 0o755 });
  } catch (error) {
    return `${SECRETS_MOUNT} can't be made (${codeOf(error)})`;
  }
  try {
    const { file, args } = inNamespace(['', tool('mount') ?? '', folder, SECRETS_MOUNT, '/bin/sh', '-c', 'exit 0']);
    const { stderr } = await promisify(execFile)(file, [...args], { env: {}, timeout: 5000 });
    return stderr === '' ? undefined : 'the system refuses to mount';
  } catch {
    // A container without the capability, most often.
    return 'the system allows no mount namespace';
  }
}

/** Where a tool of the system is, whatever PATH says: it runs before the task's own command. */
function tool(name: string): string | undefined {
  return ['/usr/bin', '/bin', '/usr/sbin', '/sbin']
    .map((folder) => `${folder}/${name}`)
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
