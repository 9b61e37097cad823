import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/http.js';
import { FLYTE, PYTHON_BIN } from './support/python-environment.js';

const root = join(import.meta.dirname, '../..');

// The words of docs/python.md, run as they are: but for the port, which may be taken.
describe('the guide', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let blocks: Record<'bash' | 'yaml' | 'python', string[]>;
  const running: ChildProcess[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'guide-'));
    const port = await freePort();
    const text = await readFile(join(root, 'docs/python.md'), 'utf8');
    const page = text.replaceAll('8090', String(port)).replaceAll(/^npx .*flyte-local /gm, `$&--port ${port} `);
    const inside = (language: string): string[] =>
      [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text);
    blocks = { bash: inside('bash'), yaml: inside('yaml'), python: inside('python') };
    await Promise.all([
      writeFile(join(folder, 'config.yaml'), blocks.yaml[0] ?? ''),
      writeFile(join(folder, 'hello.py'), blocks.python[0] ?? ''),
      writeFile(join(folder, 'package.json'), '{}'),
      mkdir(join(folder, 'home')),
      symlink(join(root, 'node_modules'), join(folder, 'node_modules')),
    ]);
    env = {
      ...{ PATH: `${PYTHON_BIN}${delimiter}${process.env['PATH']}`, HOME: join(folder, 'home') },
      ...{ FLYTE_DISABLE_SENTRY: '1', PYTHON_KEYRING_BACKEND: 'keyring.backends.null.Keyring' },
      ...{ NO_COLOR: '1', COLUMNS: '200', PYTHONDONTWRITEBYTECODE: '1' },
    };
  });
  afterAll(async () => {
    for (const { pid } of running) if (pid !== undefined) process.kill(-pid);
    for (const child of running) if (child.exitCode === null) await once(child, 'exit');
    await rm(folder, { recursive: true, force: true });
  });

  function start(commands: string): { readonly child: ChildProcess; readonly printed: () => string } {
    // In a process group of its own, as npx starts another process.
    const child = spawn('bash', ['-euc', `flyte() { python '${FLYTE}' "$@"; }\n${commands}`], {
      ...{ cwd: folder, env, detached: true },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += String(data)));
    return { child, printed: () => printed };
  }
  async function run(commands: string): Promise<string> {
    const { child, printed } = start(commands);
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${commands}\n${printed()}`);
    return printed();
  }

  it('has three steps: a certificate, a plane, and the command', async () => {
    expect(blocks.bash).toHaveLength(3);
    const [certificate = '', plane = '', commands = ''] = blocks.bash;
    await run(certificate);
    const started = start(plane);
    running.push(started.child);
    await expect.poll(started.printed).toMatch(/https:..127\.0\.0\.1:\d+/);
    const said = await run(commands);
    env['SSL_CERT_FILE'] = join(folder, 'ca.pem');
    expect(said).toMatch(/"subject": "alice"/);
    expect(said).toContain('greeting Ann');
    // The log ends before the run does.
    await expect.poll(() => run('flyte get io first')).toMatch(/o0=.hello Ann/);
    await expect.poll(() => run('flyte get io second')).toMatch(/hello Bob/);
    delete env['SSL_CERT_FILE'];
    await expect(run('flyte whoami')).rejects.toThrow('invalid peer certificate: UnknownIssuer');
  });
});
