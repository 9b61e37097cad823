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
  'docs/bundles.md',
  'docs/options.md',
  'docs/pipeline.md',
  'docs/authentication.md',
  'docs/service-login.md',
  'docs/pods.md',
  'docs/production.md',
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

/** The files that the README's snippets name, in order; a later one of a name takes the place of an earlier one. */
async function namedFiles(): Promise<{ path: string; code: string }[]> {
  const text = await readFile(join(root, 'README.md'), 'utf8');
  const named = text.matchAll(/`(src\/[\w.-]+)`[^`\n]*:\n\n```ts\n(.*?)^```/gms);
  return [...named].map(([, path = '', code = '']) => ({ path, code }));
}

const COMPILER_OPTIONS = {
  ...{ target: 'ES2023', module: 'NodeNext', strict: true, types: ['node', 'vitest/globals'], skipLibCheck: true },
  ...{ experimentalDecorators: true, emitDecoratorMetadata: true, rootDir: 'src', outDir: 'dist' },
};

/** Writes an app's files, beside the packages that it has. */
async function writeApp(folder: string, packages: string, files: { path: string; code: string }[]): Promise<void> {
  await mkdir(join(folder, 'src'), { recursive: true });
  await symlink(packages, join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['src'] }),
  );
  // One after the other, as a file may be there twice.
  // oxlint-disable-next-line no-await-in-loop
  for (const { path, code } of files) await writeFile(join(folder, path), code);
}

/** What the compiler says of an app. */
async function compile(folder: string): Promise<string> {
  const { stdout } = await run(process.execPath, [tsc, '-p', folder]).catch((error: { stdout: string }) => error);
  return stdout;
}

describe('the README', () => {
  let app: string;
  beforeAll(async () => {
    app = await mkdtemp(join(tmpdir(), 'readme-'));
    await Promise.all([install('nestjs-flyte', app), install('nestjs-flyte-local', app)]);
    // What `npm install` would bring, from what is there.
    const [here, packages] = [join(root, 'node_modules'), join(app, 'node_modules')];
    const others = (await readdir(here)).filter((name) => !name.startsWith('.') && !name.startsWith('nestjs-flyte'));
    await Promise.all(others.map((name) => symlink(join(here, name), join(packages, name))));
    const files = await namedFiles();
    const second = files.findLastIndex(({ path }) => path === 'src/app.module.ts');
    await writeApp(
      join(app, 'quick'),
      packages,
      files.slice(
        0,
        files.findIndex(({ path }) => /tasks/.test(path)),
      ),
    );
    await writeApp(join(app, 'whole'), packages, files.slice(0, second + 1));
    const manual = (await snippets('README.md')).filter((code) => code.includes('async function nightly'));
    const guides = await Promise.all(GUIDES.map(snippets));
    const codes = [...manual.map((code) => `${code}\nexport { nightly };`), ...guides.flat()];
    await writeApp(
      join(app, 'guides'),
      packages,
      codes.map((code, i) => ({ path: `src/snippet-${i}.ts`, code })),
    );
  });
  afterAll(() => rm(app, { recursive: true, force: true }));

  it('names the file of each snippet but one, which is a function', async () => {
    expect((await snippets('README.md')).length - (await namedFiles()).length).toBe(1);
  });

  it.each(['quick', 'whole', 'guides'])('has code that compiles against the packages as they are: %s', async (part) => {
    expect(await compile(join(app, part))).toBe('');
  });

  it.each(['quick', 'whole'])('has an app that answers as it says: %s', async (part) => {
    const folder = join(app, part);
    const local = join(app, 'node_modules/nestjs-flyte-local/bin/nestjs-flyte-local.js');
    const state = join(folder, '.flyte-local');
    const secret = /nestjs-flyte-local (secret put .*)$/m.exec(await readFile(join(root, 'README.md'), 'utf8'))?.[1];
    const put = run(process.execPath, [local, ...(secret ?? '').split(' ')], { cwd: folder });
    put.child.stdin?.end('not a real key');
    await put;
    await using plane = await startPlane({ state, workingDirectory: folder });
    const port = await freePort();
    const child = spawn(process.execPath, ['dist/main.js'], {
      cwd: folder,
      env: { ...process.env, PORT: String(port), FLYTE_ENDPOINT: plane.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += String(data)));
    const url = `http://127.0.0.1:${port}`;
    const health = (): Promise<unknown> =>
      ask(url, '/health').then(
        ({ status }) => status,
        () => printed,
      );
    await expect.poll(health, { timeout: 60_000 }).toBe(200);
    expect((await ask(url, '/me')).status).toBe(401);
    const headers = bearer(await plane.token('alice', { name: 'Alice' }));
    expect((await ask(url, '/me', { headers })).json).toEqual({ subject: 'alice', name: 'Alice' });
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
    const count = await ask(url, '/count', { method: 'POST', headers: form, body: 'text=one two three' });
    expect(part === 'quick' ? count.status : count.json).toEqual(part === 'quick' ? 404 : { words: 3 });
    child.kill();
  });

  it('has a test that needs no network', async () => {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const folder = join(app, 'whole');
    // What tsc made of it, since Vitest's own compiler knows no decorators' metadata.
    const flags = ['run', '--globals', '--root', folder, '--dir', join(folder, 'dist')];
    const { stdout } = await run(process.execPath, [vitest, ...flags], { cwd: folder });
    expect(stdout).toMatch(/1 passed/);
  });

  it('has a token for the state that the environment names', async () => {
    const state = join(app, 'elsewhere');
    const env = { ...process.env, FLYTE_LOCAL_STATE: state };
    const { stdout } = await run('npm', ['run', '-s', 'token', '--', 'bob', '--name', 'Bob'], { cwd: root, env });
    await using plane = await startPlane({ state });
    const response = await fetch(`${plane.url}/flyteidl2.auth.IdentityService/UserInfo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer(stdout.trim()) },
      body: '{}',
    });
    expect(await response.json()).toEqual({ subject: 'bob', name: 'Bob' });
  });

  it('like all that is printed and documented, takes no package of this name from a registry', async () => {
    const listed = await run('git', ['ls-files', '*.md', 'libs', 'src', 'tools'], { cwd: root });
    const wrong: string[] = [];
    for (const file of listed.stdout.trim().split('\n')) {
      // oxlint-disable-next-line no-await-in-loop
      const text = await readFile(join(root, file), 'utf8');
      // Without --no-install, npx offers to fetch what is not installed.
      const found = text.match(
        /\bnpx (?!--no-install )[^\n]*nestjs-flyte|\b(?:npm (?:i|install|add)|yarn add|pnpm add)\b[^\n]* nestjs-flyte\b.*/g,
      );
      wrong.push(...(found ?? []).map((line) => `${file}: ${line}`));
    }
    expect(wrong).toEqual([]);
  });

  it('has a guide to Jest with the configuration that was tried', async () => {
    const guide = await readFile(join(root, 'docs/jest.md'), 'utf8');
    const tried = await readFile(join(root, 'test/packages/app/jest.config.json'), 'utf8');
    expect(/```json\n(.*?)```/s.exec(guide)?.[1]).toBe(tried);
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

  it('leads to every guide', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const guides = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md'));
    expect(guides.filter((name) => !readme.includes(`](docs/${name})`))).toEqual([]);
  });
});
