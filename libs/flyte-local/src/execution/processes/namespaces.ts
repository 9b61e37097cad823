import { spawnSync } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
  type BigIntStats,
} from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { SECRETS_MOUNT } from 'nestjs-flyte/protocol';
import { ATTEMPT_VARIABLE } from '../attempts/attempt-plan.js';
import type { Variables } from '../attempts/environment.js';
import { PROCESS_1 } from './namespaces-script.js';

/** A program, and what it is started with. */
export interface Command {
  /** The program's path. */
  readonly file: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: Variables;
  /** The folder it runs in. */
  readonly cwd: string;
}

/** What an action sees of what is hidden. */
export interface ActionView {
  /** Its own folders, absolute; those that don't exist, or to which a link leads, are left out. */
  readonly folders: readonly string[];
  /** The folder of its secret files, if it has some. */
  readonly secrets: string | undefined;
}

/** Where the system's own programs are, whatever PATH says: an action must not choose what prepares its namespaces. */
const SYSTEM_FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];

const TOOLS = ['setpriv', 'unshare', 'setsid', 'mount', 'mkdir', 'env', 'nice', 'stat', 'sh'] as const;

/**
 * What root keeps: what Docker leaves to root in a container, without the making of devices. It is enough for
 * chown, su and servers that change their user, and can neither mount nor look into other processes.
 */
const ROOT_CAPABILITIES =
  '+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+setfcap,+net_bind_service,+net_raw,+sys_chroot,+audit_write';

/** How long the try at the start may take, in milliseconds. A busy machine is no reason to go without. */
const PROBE_TIMEOUT_MS = 60_000;

/**
 * Starts actions apart, on Linux: each in mount, IPC and process namespaces of its own, in which the hidden folders hold only
 * what is the action's, `/etc/flyte/secrets` is its secrets, there are no processes but its own, and all of them end with it.
 * An ordinary user gets the right to that from a user namespace, and the command runs in a second one inside it, so that it
 * can't undo what the first one did; root has the right, and the command has it no longer.
 */
export class Namespaces {
  private constructor(
    private readonly hidden: readonly HiddenFolder[],
    private readonly uid: number,
    private readonly gid: number,
  ) {}

  /**
   * Tries out whether this host allows it, with everything that an action needs.
   *
   * @param hidden absolute folders that no action may see
   * @returns the reason, where it does not
   */
  static open(hidden: readonly string[]): Namespaces | string {
    const [uid, gid] = [process.getuid?.(), process.getgid?.()];
    if (process.platform !== 'linux' || uid === undefined || gid === undefined) return 'this is not Linux';
    const missing = TOOLS.find((name) => tool(name) === undefined);
    if (missing !== undefined) return `there is no ${missing} command`;
    if (uid === 0) makeSecretsMount();
    const namespaces = new Namespaces(hidden.map(identified), uid, gid);
    const problem = namespaces.#problem();
    return problem === undefined ? namespaces : problem;
  }

  /**
   * The command that runs a command in new namespaces.
   *
   * The action's variables must steer nothing on the way (LD_PRELOAD would be code that still may unmount), so they travel
   * under names without meaning, and `env` gives them their own in the last step. Values stay off the command line.
   */
  wrap({ file, args, env, cwd }: Command, { folders, secrets }: ActionView): Command {
    const own = [...folders, ...(secrets === undefined ? [] : [secrets])];
    const view = [
      ...this.hidden.flatMap(({ root, id }) => ['hide', root, id, ...own.flatMap((folder) => keep(root, folder))]),
      ...(secrets === undefined ? [] : ['secrets', secrets]),
      ...(this.uid === 0 ? ['protect', '/proc/sys', 'protect', '/sys', 'disks', '/sys/class'] : []),
      ...['cd', cwd],
    ];
    const names = Object.keys(env);
    const carried = Object.fromEntries(names.map((name, at) => [carrier(at), env[name] ?? '']));
    // `env` takes a program with "=" in its path for a variable; `nice` doesn't.
    const program = file.includes('=') ? [path('nice'), '-n', '0', file] : [file];
    const named = [path('env'), '-i', '-S', names.map(assignment).join(' '), ...program, ...args];
    const process1 = [path('setsid'), path('sh'), '-c', PROCESS_1, 'sh', ...view, 'run', ...this.#confined(named)];
    return {
      file: path('setpriv'),
      // Whatever ends the plane, ends this, and with it process 1, and with that all others.
      args: ['--pdeathsig', 'KILL', '--', path('unshare'), ...this.#flags(), '--', ...process1],
      // The one variable of the action that they have by its name: by it, the next plane finds what outlived this one.
      env: {
        ...carried,
        [ATTEMPT_VARIABLE]: env[ATTEMPT_VARIABLE] ?? '',
        PATH: SYSTEM_FOLDERS.join(':'),
        LC_ALL: 'C',
      },
      cwd: '/',
    };
  }

  #flags(): string[] {
    const all = ['--mount', '--ipc', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
    return this.uid === 0 ? all : ['--user', '--map-root-user', ...all];
  }

  #confined(command: readonly string[]): string[] {
    if (this.uid === 0)
      return [path('setpriv'), '--inh-caps=-all', `--bounding-set=-all,${ROOT_CAPABILITIES}`, '--', ...command];
    return [path('unshare'), '--user', `--map-user=${this.uid}`, `--map-group=${this.gid}`, '--', ...command];
  }

  /** Runs a command that looks at what it should and should not see. */
  #problem(): string | undefined {
    let folder: string | undefined;
    try {
      folder = mkdtempSync(join(this.hidden[0]?.root ?? '', 'apart-'));
      for (const name of ['shown', 'hidden']) mkdirSync(join(folder, name));
      writeFileSync(join(folder, 'shown', 'file'), '');
      const script =
        '[ -e "$1/shown/file" ] && [ ! -e "$1/hidden" ] && [ "$$" -lt 100 ] && [ "$(id -u)" = "$2" ] && [ "$A" = "b  c" ]';
      const command = {
        file: path('sh'),
        args: ['-c', script, 'sh', folder, String(this.uid)],
        env: { A: 'b  c', PATH: SYSTEM_FOLDERS.join(':') },
        cwd: '/',
      };
      const { file, args, env } = this.wrap(command, { folders: [join(folder, 'shown')], secrets: undefined });
      const { status, stderr } = spawnSync(file, args, { env, cwd: '/', encoding: 'utf8', timeout: PROBE_TIMEOUT_MS });
      if (status === 0) return undefined;
      return `the system does not allow it (${stderr.trim().split('\n')[0] || 'it looked as if it did'})`;
    } catch {
      return 'it could not be tried out';
    } finally {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    }
  }
}

interface HiddenFolder {
  readonly root: string;
  /** Its device and inode, as `stat -c %d:%i` says them. */
  readonly id: string;
}

function identified(root: string): HiddenFolder {
  return { root, id: identity(statSync(root, { bigint: true })) };
}

function identity({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** Root can make a place to mount on for good; where it is missing, actions get it by an overlay. */
function makeSecretsMount(): void {
  try {
    mkdirSync(SECRETS_MOUNT, { recursive: true, mode: 0o755 });
  } catch {
    // A system that can't be written.
  }
}

/** Has a folder that is somewhere in a hidden one kept. */
function keep(root: string, folder: string): string[] {
  const path = relative(root, folder);
  if (path === '' || path.startsWith('..') || isAbsolute(path)) return [];
  const id = identityInPlace(root, path);
  return id === undefined ? [] : ['keep', path, id];
}

/** Of a folder that is where its path says. What is opened is looked at: by its path, it could be another one each time. */
function identityInPlace(root: string, path: string): string | undefined {
  let handle: number | undefined;
  try {
    handle = openSync(join(root, path), constants.O_RDONLY | constants.O_DIRECTORY);
    const isInPlace = readlinkSync(`/proc/self/fd/${handle}`) === join(realpathSync(root), path);
    return isInPlace ? identity(fstatSync(handle, { bigint: true })) : undefined;
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** A variable that means nothing to anybody. */
function carrier(at: number): string {
  return `V${at.toString(36)}`;
}

/** In the language of `env -S`: a name as it is, and the value of its carrier. */
function assignment(name: string, at: number): string {
  return `'${name.replaceAll(/[\\']/g, String.raw`\$&`)}='"\${${carrier(at)}}"`;
}

function path(name: (typeof TOOLS)[number]): string {
  return tool(name) ?? name;
}

function tool(name: string): string | undefined {
  return SYSTEM_FOLDERS.map((folder) => `${folder}/${name}`).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
