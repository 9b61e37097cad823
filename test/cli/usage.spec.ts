import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { startPlane } from '../support/plane.js';
import { Cli, createApp, MODULE } from './support.js';

// Each command is a process of its own, and on a busy machine takes its time to start.
vi.setConfig({ testTimeout: 600_000 });

const app = createApp();
const cli = new Cli(app.root, {});
const config = join(app.root, '.flyte/config.yaml');
const configure = (text: string): void => {
  mkdirSync(join(app.root, '.flyte'), { recursive: true });
  writeFileSync(config, text);
};
afterEach(() => rmSync(config, { force: true }));
afterAll(() => app.remove());

/** Nothing is asked of it: each of these fails before. */
const NOWHERE = { FLYTE_ENDPOINT: 'http://127.0.0.1:1', FLYTE_PROJECT: 'p', FLYTE_DOMAIN: 'd' };

describe('nestjs-flyte, used wrongly', () => {
  it.each<[says: RegExp, args: string[]]>([
    [/unknown command 'depoly'/, ['depoly']],
    [/required option '--module/, ['deploy']],
    [/give file and export/, ['deploy', '--module', './dist/tasks.module.js']],
    [/There is no file .*gone\.js\. Build the app/, ['deploy', '--module', './dist/gone.js#M']],
    [
      /has no export "Nope". It exports EmptyModule, TasksModule/,
      ['deploy', '--module', './dist/tasks.module.js#Nope'],
    ],
    [/There is no file .*gone\.js/, ['build', '--module', MODULE, '--image', './gone.js#image']],
    [/missing required argument 'run'/, ['get', 'run']],
    [/Give a whole number from 1/, ['get', 'runs', '--limit', '0']],
    [/--inputs, gone\.json, can't be read \(ENOENT\)/, ['run', 'cli.repeat', '--inputs', 'gone.json']],
    [/Allowed choices are project, domain, global/, ['secret', 'list', '--scope', 'mine']],
    [/Standard input is empty/, ['secret', 'create', 'name']],
    [/gone can't be read \(ENOENT\)/, ['secret', 'create', 'name', '--from-file', 'gone']],
    [/letters, digits, "-" and "_"/, ['secret', 'delete', 'a b']],
    [/can't hold .*outside|lies outside of/, ['deploy', '--module', MODULE, '--code-bundle', '..']],
  ])('ends with 2: %s', async (says, args) => {
    const { code, stdout, stderr } = await cli.run(args, NOWHERE);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(says);
  });

  it.each<[says: RegExp, args: string[], env: Record<string, string>]>([
    [/this module is broken/, ['deploy', '--module', './dist/broken.js#M'], NOWHERE],
    [/has no task/, ['deploy', '--module', './dist/tasks.module.js#EmptyModule'], NOWHERE],
    [/^unavailable: /, ['whoami'], NOWHERE],
    [/Where is Flyte\? Set FLYTE_ENDPOINT/, ['whoami'], {}],
    [/FLYTE_TOKEN_FILE|gone/, ['whoami'], { ...NOWHERE, FLYTE_TOKEN_FILE: 'gone' }],
    [/^unauthenticated: The variable FLYTE_TOKEN gave/, ['whoami'], { ...NOWHERE, FLYTE_TOKEN: 'no token' }],
  ])('ends with 1 where what was asked fails: %s', async (says, args, env) => {
    const { code, stdout, stderr } = await cli.run(args, env);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(says);
  });
});

describe("the configuration of Flyte's tools", () => {
  it('says where Flyte is, where no variable does; its project gives way to a flag', async () => {
    await using plane = await startPlane();
    const token = await plane.token('alice');
    const text = `admin:\n  endpoint: ${plane.url}\n  insecure: true\n  authType: Pkce\ntask:\n  project: none\n  domain: development\n`;
    configure(text);
    const env = { FLYTE_TOKEN: token };
    expect(await cli.json(['whoami'], env)).toMatchObject({ subject: 'alice', endpoint: new URL(plane.url).host });
    const dry = (...flags: string[]): string[] => ['deploy', '--module', MODULE, '--dry-run', ...flags];
    expect(await cli.json(dry(), env)).toMatchObject({ project: 'none', domain: 'development' });
    expect(await cli.json(dry('-p', 'flag'), env)).toMatchObject({ project: 'flag' });
    expect(await cli.json(dry(), { ...env, FLYTE_PROJECT: 'variable' })).toMatchObject({ project: 'variable' });
    expect((await cli.run(['whoami'], { ...env, FLYTE_ENDPOINT: 'http://127.0.0.1:1' })).stderr).toMatch(
      /^unavailable/,
    );
    // The Python SDK looks into the working directory first, and then where the variable says.
    rmSync(config);
    writeFileSync(join(app.root, 'elsewhere.yaml'), text);
    const elsewhere = { ...env, UCTL_CONFIG: 'elsewhere.yaml' };
    expect(await cli.json(['whoami'], elsewhere)).toMatchObject({ subject: 'alice' });
    configure('admin:\n  endpoint: http://127.0.0.1:1\n');
    expect((await cli.run(['whoami'], elsewhere)).stderr).toMatch(/^unavailable/);
    expect(await cli.json(['whoami', '--config', 'elsewhere.yaml'], elsewhere)).toMatchObject({ subject: 'alice' });
  });

  it('has a login for its own Flyte, and for no other one', async () => {
    await using plane = await startPlane();
    writeFileSync(join(app.root, 'token'), await plane.token('alice'));
    const script =
      "const fs = require('node:fs'); fs.writeFileSync('asked', ''); console.log(fs.readFileSync('token', 'utf8'));";
    writeFileSync(join(app.root, 'login.cjs'), script);
    const login = (endpoint: string): void =>
      configure(`admin:\n  endpoint: ${endpoint}\n  insecure: true\n  command: [node, login.cjs]\n`);
    login('http://127.0.0.1:1');
    const { code, stderr } = await cli.run(['whoami'], { FLYTE_ENDPOINT: plane.url });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^The login in .*config\.yaml is not used: .*FLYTE_ENDPOINT says where[^]*^unauthenticated/m,
    );
    expect(existsSync(join(app.root, 'asked'))).toBe(false);
    login(plane.url);
    expect(await cli.json(['whoami'])).toMatchObject({ subject: 'alice' });
    expect(existsSync(join(app.root, 'asked'))).toBe(true);
  });

  it('has settings that are empty, which count as left out', async () => {
    await using plane = await startPlane();
    configure(`admin:\n  endpoint: ${plane.url}\n  insecure: true\n  clientId: ""\ntask:\n  org: ""\n  project:\n`);
    expect(await cli.json(['whoami'], { FLYTE_TOKEN: await plane.token('alice') })).toMatchObject({ subject: 'alice' });
  });

  it.each([
    [
      'clientSecretEnvVar: UNSET_SECRET',
      /^clientSecretEnvVar in .*config\.yaml names UNSET_SECRET, which is not set\.$/m,
    ],
    ['clientSecretEnvVar: hush-hush', /^clientSecretEnvVar in .*config\.yaml names a variable, which is not set\.$/m],
    ['clientSecret: hush', /^clientSecret in .*config\.yaml is not read: .*clientSecretLocation/m],
    ['authType: Pkce', /^authType Pkce in .*config\.yaml is a login by a browser: set FLYTE_TOKEN_FILE/m],
  ])("has a login that can't be used, and it is told why: %s", async (line, says) => {
    configure(`admin:\n  endpoint: http://127.0.0.1:1\n  insecure: true\n  clientId: me\n  ${line}\n`);
    const { stderr } = await cli.run(['whoami']);
    expect(stderr).toMatch(says);
    expect(stderr).not.toContain('hush');
    const other = await cli.run(['whoami'], { FLYTE_TOKEN: 'a-token' });
    expect(other.stderr).toMatch(/^unavailable/);
  });

  it.each([
    ['is no YAML', 'admin:\n  clientSecret: "hush\n'],
    ['is no YAML', 'admin: &admin\n  clientSecret: hush\ntask: *admin\n'],
    ['all of it must be settings by name.', '- hush\n'],
    ['admin must be settings by name; image must be settings by name.', 'admin: hush\nimage: [hush]\n'],
    ['admin.endpoint must be text; admin.insecure must be', 'admin:\n  endpoint: [hush]\n  insecure: hush\n'],
    ['admin.command must be a list; admin.scopes.1', 'admin:\n  command: hush\n  scopes: [hush, 7]\n'],
    ['image.builder must be docker, buildah or local.', 'image:\n  builder: hush\n'],
    ['image.builder is "remote"', 'image:\n  builder: remote\n'],
  ])('is refused by name, and nothing of it is quoted: %s', async (problem, text) => {
    configure(text);
    const { code, stderr } = await cli.run(['whoami']);
    expect(code).toBe(1);
    expect(stderr).toContain(`${config} is taken for the configuration of Flyte's tools, and ${problem}`);
    expect(stderr).not.toContain('hush');
  });
});
