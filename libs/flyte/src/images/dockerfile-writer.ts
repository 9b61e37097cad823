import type { BuildSecret } from './build-secret.js';
import type { ContextFiles } from './context-files.js';
import { envPair, jsonForm } from './dockerfile-text.js';
import { NO_DEFAULTS, type StepDefaults } from './step-defaults.js';

/** Folders that a shell-form RUN needs while it runs, and that are no part of the image. */
export interface RunMounts {
  readonly secrets: readonly BuildSecret[];
  /** A folder kept between builds, by the name of the tool whose downloads it holds: `/var/cache/flyte/<name>`. */
  readonly cache?: string;
  /** A folder in memory. */
  readonly scratch?: string;
}

/**
 * Puts a Dockerfile together, instruction by instruction, and keeps what they refer to: the secrets by their ids, the
 * files by their folder in the build context. Its methods check nothing: whoever calls them has.
 */
export class DockerfileWriter {
  /** The secrets of all steps so far, by id. */
  readonly secrets = new Map<string, BuildSecret>();
  /** The files to put into the build context, by folder. */
  readonly context = new Map<string, ContextFiles>();
  /** Variables that steps see and the image does not keep: proxies, by the names that builders know. */
  readonly proxies = new Map<string, string>();
  /** What holds for the installers of the steps that follow. */
  defaults: StepDefaults = NO_DEFAULTS;
  /** The working directory so far; undefined while it is the base image's. */
  workdir: string | undefined;
  /** Who runs the steps; undefined while it is the base image's user. */
  user: string | undefined;
  /** The version of Node to add where a step needs it and the base has none. */
  node = '24';
  /** Whether nothing so far can have brought this package. */
  lacksFlyte = false;
  private readonly instructions: string[] = [];
  private readonly done = new Set<string>();

  /** An instruction as it stands. */
  add(instruction: string): void {
    this.instructions.push(instruction);
  }

  /** What is needed once, however many steps need it. */
  once(what: string, write: () => void): void {
    if (this.has(what)) return;
    this.given(what);
    write();
  }

  /** Whether something is there already, by {@link once} or {@link given}. */
  has(what: string): boolean {
    return this.done.has(what);
  }

  /** Marks something as there already, for {@link once}. */
  given(what: string): void {
    this.done.add(what);
  }

  /** A RUN in shell form: its commands joined by `&&`, its secrets mounted and read, its variables exported. */
  run(mounts: RunMounts, commands: readonly string[]): void {
    const options = [
      ...this.secretMounts(mounts.secrets),
      ...(mounts.scratch === undefined ? [] : [`--mount=type=tmpfs,target=${mounts.scratch}`]),
      ...(mounts.cache === undefined
        ? []
        : [`--mount=type=cache,id=flyte-${mounts.cache},target=${cacheFolder(mounts.cache)},sharing=locked,mode=0777`]),
    ];
    const all = [...this.exports(mounts.secrets), ...commands].join(' && \\\n    ');
    this.add(`RUN ${[...options, all].join(' \\\n    ')}`);
  }

  /** A RUN in JSON form: one command line that may hold anything. Its secrets are read before it. */
  runText(secrets: readonly BuildSecret[], command: string): void {
    const exports = this.exports(secrets);
    const script = exports.length === 0 ? command : `${exports.join(' && ')} || exit 1\n${command}`;
    this.add(
      `RUN ${[...this.secretMounts(secrets), jsonForm('The command', ['/bin/sh', '-c', script])].join(' \\\n    ')}`,
    );
  }

  /** Copies files into a folder of the image. They lie in a numbered folder of the context: no user's text is in its name. */
  copy(files: ContextFiles, to: string): void {
    const folder = `files/${this.context.size + 1}`;
    this.context.set(folder, files);
    const target = to.endsWith('/') ? to : `${to}/`;
    this.add(`COPY ${jsonForm('The folder to copy to', [`${folder}/`, target])}`);
  }

  /** Makes a folder the working directory. */
  enter(path: string): void {
    if (this.workdir === path) return;
    this.workdir = path;
    this.add(`WORKDIR ${path}`);
  }

  /** Sets a variable for the steps that follow and for the image. */
  env(name: string, value: string): void {
    this.add(`ENV ${envPair(name, value)}`);
  }

  /**
   * Has the programs of npm packages found before all others. `nestjs-flyte` is found where its shell part is, which is the
   * better one to start an action.
   *
   * @param folder the `node_modules` that they are in
   */
  prependPrograms(folder: string): void {
    this.add(`ENV PATH="${folder}/nestjs-flyte/bin:${folder}/.bin:$PATH"`);
  }

  /** Makes a user run what follows. */
  become(user: string): void {
    this.user = user;
    this.given('user');
    this.add(`USER ${user}`);
  }

  toString(): string {
    return `${this.instructions.join('\n')}\n`;
  }

  /** Where a step finds a secret's bytes. */
  fileOf(secret: BuildSecret): string {
    return secret.file ?? `/run/secrets/${this.idOf(secret)}`;
  }

  private secretMounts(secrets: readonly BuildSecret[]): string[] {
    return secrets.map((secret) => {
      // As root the file can be root's alone. Any other user of the base image is known by a name at best.
      const mode = this.user === 'root' ? '' : ',mode=0444';
      return `--mount=type=secret,id=${this.idOf(secret)},target=${this.fileOf(secret)},required=true${mode}`;
    });
  }

  private exports(secrets: readonly BuildSecret[]): string[] {
    return secrets.flatMap((secret) =>
      // Read from a file: `env=` on the mount is refused by buildah 1.28 and Docker 20.10.
      secret.variable === undefined
        ? []
        : [`${secret.variable}="$(cat ${this.fileOf(secret)})"`, `export ${secret.variable}`],
    );
  }

  /** The id that a build passes a secret under: readable, of plain characters, its own for each source. */
  private idOf(secret: BuildSecret): string {
    const source = secret.path ?? `${secret.secret?.group ?? ''}\n${secret.secret?.key ?? ''}`;
    for (const [id, known] of this.secrets) {
      if ((known.path ?? `${known.secret?.group ?? ''}\n${known.secret?.key ?? ''}`) === source) return id;
    }
    const names = [secret.secret?.group, secret.secret?.key ?? secret.file?.slice('/run/secrets/'.length)];
    const plain = names
      .filter((name) => name !== undefined)
      .join('_')
      .replaceAll(/[^A-Za-z0-9_.-]+/g, '_');
    let id = plain;
    for (let count = 2; this.secrets.has(id); count += 1) id = `${plain}-${count}`;
    this.secrets.set(id, secret);
    return id;
  }
}

/** Where a tool keeps its downloads between builds. */
export function cacheFolder(name: string): string {
  return `/var/cache/flyte/${name}`;
}
