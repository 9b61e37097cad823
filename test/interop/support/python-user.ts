import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { startLocalControlPlane, type LocalControlPlane, type LocalControlPlaneOptions } from 'nestjs-flyte-local';
import { inject } from 'vitest';
import { stringify } from 'yaml';
import { FLYTE, PYTHON_BIN } from './python-environment.js';
import { PythonSession } from './python-session.js';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
/** Their own process says who they are; it has the plane's state folder. */
const LOCAL = join(root, 'libs/flyte-local/bin/nestjs-flyte-local.js');

/** What a command printed, without colours, and how it ended. */
export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The JSON that a command printed, which breaks its lines where a terminal's would end. */
export function jsonOf({ stdout }: Printed): unknown {
  return JSON.parse(stdout.replaceAll('\n', ' '));
}

/**
 * Somebody with Flyte's Python SDK, the official one as PyPI has it, beside a local control plane over TLS. They have a
 * folder with a copy of `python/code`, and a configuration file that names a command for their token.
 */
export class PythonUser implements AsyncDisposable {
  readonly #sessions: PythonSession[] = [];

  private constructor(
    readonly plane: LocalControlPlane,
    /** The folder that their code and their config.yaml are in. */
    readonly folder: string,
    private readonly scratch: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /**
   * Starts a plane, and writes what they need to use it.
   *
   * @param options of the plane
   */
  static async start(options: LocalControlPlaneOptions = {}): Promise<PythonUser> {
    const scratch = await mkdtemp(join(tmpdir(), 'interop-'));
    const [folder, home, state] = ['code', 'home', 'state'].map((name) => join(scratch, name)) as [
      string,
      string,
      string,
    ];
    await Promise.all([mkdir(home), cp(join(import.meta.dirname, '../python/code'), folder, { recursive: true })]);
    // Tasks are processes of this machine, and find the SDK's command where the plane does.
    process.env['PATH'] = `${PYTHON_BIN}${delimiter}${process.env['PATH']}`;
    process.env['HOME'] = home;
    const { key, cert, ca, caFile } = inject('certificate');
    const plane = await startLocalControlPlane({
      ...{ port: 0, state, tls: { key, cert, ca }, abortGraceMs: 2_000 },
      workingDirectory: folder,
      ...options,
    });
    const command = [process.execPath, LOCAL, 'token', 'alice', '--name', 'Alice', '--state', state];
    const config = {
      admin: { endpoint: `dns:///127.0.0.1:${plane.port}`, authType: 'ExternalCommand', command },
      task: { org: 'local', project: 'flytesnacks', domain: 'development' },
    };
    await writeFile(join(folder, 'config.yaml'), stringify(config));
    const env = {
      ...{ PATH: process.env['PATH'], HOME: home, SSL_CERT_FILE: caFile, FLYTE_DISABLE_SENTRY: '1' },
      // Tokens are kept by nobody: not in the keyring of who runs these tests.
      PYTHON_KEYRING_BACKEND: 'keyring.backends.null.Keyring',
      ...{ COLUMNS: '300', NO_COLOR: '1', PYTHONUTF8: '1', PYTHONDONTWRITEBYTECODE: '1' },
    };
    return new PythonUser(plane, folder, scratch, env);
  }

  /**
   * Runs the SDK's command in their folder.
   *
   * @param args without `--config`
   */
  async flyte(...args: string[]): Promise<Printed> {
    const all = ['--config', 'config.yaml', '--no-progress', '--output-format', 'json-raw', ...args];
    const options = { cwd: this.folder, env: this.env };
    const ended = await run(join(PYTHON_BIN, 'python'), [FLYTE, ...all], options).then(
      (printed) => ({ ...printed, code: 0 }),
      (error: Error & Printed) => error,
    );
    if (typeof ended.code !== 'number') throw new Error(`flyte ${args.join(' ')} was not run`, { cause: ended });
    const [stdout, stderr] = [ended.stdout, ended.stderr].map(stripVTControlCharacters) as [string, string];
    return { code: ended.code, stdout, stderr };
  }

  /**
   * Opens a Python process in their folder. It ends with them.
   *
   * @param file whose functions it runs: a name in `test/interop/python`, without `.py`
   */
  python(file: string): PythonSession {
    const session = new PythonSession(file, { cwd: this.folder, env: this.env });
    this.#sessions.push(session);
    return session;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session[Symbol.asyncDispose]()));
    await this.plane.close();
    await rm(this.scratch, { recursive: true, force: true });
  }
}
