import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, bearer, freePort } from './support/http.js';
import { startPlane } from './support/plane.js';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/** Documents whose snippets stand on their own, each compiled. */
const GUIDES = [
  'docs/actions.md',
  'docs/options.md',
  'docs/authentication.md',
  'docs/errors.md',
  'libs/flyte/README.md',
];

/** A document's TypeScript, in order. */
async function snippets(document: string): Promise<string[]> {
  const text = await readFile(join(root, document), 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code ?? '');
}

/** Packs a library, and unpacks it where an app of its own would have it. */
async function install(name: string, app: string): Promise<void> {
  const { stdout } = await run('npm', ['pack', '-w', name, '--json', '--pack-destination', app], { cwd: root });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const into = join(app, 'node_modules', name);
  await mkdir(into, { recursive: true });
  await run('tar', ['-xzf', join(app, filename), '-C', into, '--strip-components=1']);
}

describe('the README', () => {
  let app: string;
  beforeAll(async () => {
    app = await mkdtemp(join(tmpdir(), 'readme-'));
    await Promise.all([install('nestjs-flyte', app), install('nestjs-flyte-local', app)]);
    // What `npm install` would bring, from what is there.
    const here = join(root, 'node_modules');
    const others = (await readdir(here)).filter((name) => !name.startsWith('.') && !name.startsWith('nestjs-flyte'));
    await Promise.all(others.map((name) => symlink(join(here, name), join(app, 'node_modules', name))));
    const [main, testing, tasks, manual] = await snippets('README.md');
    await writeFile(join(app, 'package.json'), '{ "type": "module" }');
    await writeFile(join(app, 'main.ts'), main ?? '');
    const controller = (main ?? '').split('@Module')[0];
    await writeFile(join(app, 'testing.ts'), `${controller}\n${testing}\nconsole.log(JSON.stringify(me));`);
    await writeFile(join(app, 'tasks.module.ts'), tasks ?? '');
    await writeFile(join(app, 'manual.ts'), `${manual}\nexport { nightly };`);
    for (const [i, guide] of GUIDES.entries()) {
      const codes = await snippets(guide);
      await Promise.all(codes.map((code, j) => writeFile(join(app, `guide-${i}-${j}.ts`), code)));
    }
    const options = {
      ...{ target: 'ES2023', module: 'NodeNext', strict: true, types: ['node'] },
      ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
    };
    const tsconfig = { compilerOptions: { ...options, skipLibCheck: true }, include: ['*.ts'] };
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify(tsconfig));
  });
  afterAll(() => rm(app, { recursive: true, force: true }));

  it('has code that compiles against the packages as they are published', async () => {
    const { stdout } = await run(process.execPath, [tsc, '-p', app]).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  it('has a quick start that works as pasted', async () => {
    await using plane = await startPlane();
    const port = await freePort();
    const child = spawn(process.execPath, ['main.js'], {
      cwd: app,
      env: { ...process.env, PORT: String(port), FLYTE_ENDPOINT: plane.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += String(data)));
    const url = `http://127.0.0.1:${port}`;
    await expect
      .poll(() =>
        ask(url, '/health').then(
          ({ status }) => status,
          () => printed,
        ),
      )
      .toBe(200);
    expect((await ask(url, '/me')).status).toBe(401);
    const token = await plane.token('alice', { name: 'Alice' });
    expect((await ask(url, '/me', { headers: bearer(token) })).json).toEqual({ subject: 'alice', name: 'Alice' });
    child.kill();
  });

  it('has a test that needs no network', async () => {
    const { stdout } = await run(process.execPath, ['testing.js'], { cwd: app });
    const lines = stdout.trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ subject: 'alice', name: 'Alice' });
  });

  it('names only commands and files that exist', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const [, name = ''] of readme.matchAll(/npm run (?:-s )?([\w:]+)/g)) expect(scripts).toHaveProperty(name);
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => join(root, path ?? ''));
    expect(links.length).toBeGreaterThan(5);
    await Promise.all(links.map((path) => stat(path)));
  });
});
