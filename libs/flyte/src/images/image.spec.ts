import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../secrets/secret.js';
import { Image } from './image.js';

const NPM = new Secret({ key: 'npm-token', asEnvVar: 'NPM_TOKEN' });
const AWS = new Secret({ group: 'aws', key: 'id', asEnvVar: 'AWS_ACCESS_KEY_ID' });
const SSH = new Secret({ group: 'user-creds', key: 'ssh-key', mount: '/etc/flyte/secrets' });
const acme = { '@acme': { url: 'https://npm.acme.dev/', token: NPM } };

/** What the compiler refuses, and JavaScript does not. */
const inPlaceOfOptions = (value: unknown): object => value as object;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'image-spec-'));
  mkdirSync(join(folder, 'app/src'), { recursive: true });
  mkdirSync(join(folder, 'app/node_modules/x'), { recursive: true });
  writeFileSync(join(folder, 'app/package.json'), '{}');
  writeFileSync(join(folder, 'app/package-lock.json'), '{}');
  writeFileSync(join(folder, 'app/.env'), 'TOKEN=x');
  writeFileSync(join(folder, 'app/.dockerignore'), 'notes\n');
  writeFileSync(join(folder, 'app/notes'), '');
  writeFileSync(join(folder, 'app/src/main.js'), '1');
  writeFileSync(join(folder, 'app/node_modules/x/index.js'), '1');
  symlinkSync('src/main.js', join(folder, 'app/main'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const golden: Readonly<Record<string, () => Image>> = {
  story: () =>
    Image.fromDebianBase()
      .withAptPackages('vim', { secretMounts: ['/tmp/secret1'] })
      .withPipPackages('private-package', { secretMounts: [AWS] })
      .withNpmPackages('@acme/tools', { registries: acme }),
  'with-flyte': () => Image.fromDebianBase({ python: '3.13', node: '22' }).withFlyte({ registries: acme }).withFlyte(),
  'node-project': () =>
    Image.fromNodeBase({ node: '24' })
      .withNpmProject(join(folder, 'app'), { registries: acme, extraArgs: '--ignore-scripts' })
      .withEnvVars({ NODE_ENV: 'production', GREETING: `"it's" \\ $HOME`, PATH: '/opt/tools:$PATH' })
      .withLabels({ 'org.opencontainers.image.source': 'https://github.com/acme/app' }),
  'foreign-base': () =>
    Image.fromBase('ghcr.io/acme/base:1.2')
      .withUser('root')
      .withAptPackages(['git', 'curl=7.88.1-10+deb12u8'])
      .withUser('app')
      .withWorkdir('/srv/app')
      .withSourceFile(join(folder, 'app/src/main.js'), 'bin/start.js')
      .withSourceFolder(join(folder, 'app/src'))
      .withCommands(['echo "one"\necho two', 'ls'], { secretMounts: [SSH, '/home/me/.netrc', 'plain-key'] }),
  'pip-index': () =>
    Image.fromDebianBase().withPipPackages(['acme[s3]>=2,<3', 'numpy==2.1.0; python_version<"3.14"'], {
      indexUrl: 'https://ci:${PYPI_TOKEN}@pypi.acme.dev/simple',
      extraIndexUrls: 'https://pypi.org/simple',
      pre: true,
      extraArgs: ['--no-deps', '--config-settings=a=b c'],
      secretMounts: 'pypi-token',
    }),
  'file-token': () =>
    Image.fromNodeBase({ node: '24' }).withNpmPackages(['@acme/tools@^2', 'zod@4'], {
      registries: {
        default: { url: 'https://mirror.acme.dev/npm' },
        '@acme': { url: 'https://npm.acme.dev', token: '/run/tokens/npm' },
      },
    }),
};

describe('Image', () => {
  it.each(Object.keys(golden))('writes the Dockerfile of %s', async (name) => {
    await expect(golden[name]?.().dockerfile()).toMatchFileSnapshot(`./golden/${name}.Dockerfile`);
  });

  it.each(Object.keys(golden))('takes this package from no registry: %s', (name) => {
    const dockerfile = golden[name]?.().dockerfile() ?? '';
    expect(dockerfile).toMatch(/^FROM /);
    // As a word it could only be the name of a package; the copy is a path.
    expect(dockerfile).not.toMatch(/[\s'"]nestjs-flyte/);
  });

  it('is immutable, and known by other copies of the library', () => {
    const base = Image.fromNodeBase({ node: '24' });
    const before = base.fullName;
    expect(base.withCommands('true').fullName).not.toBe(before);
    expect(base.fullName).toBe(before);
    expect(Object.isFrozen(base)).toBe(true);
    expect({ [Symbol.for('nestjs-flyte.Image')]: true }).toBeInstanceOf(Image);
    expect(inspect(base)).toBe('[Image flyte from node:24-bookworm-slim]');
  });

  it('names the image by registry, name, and a hash of what is built', () => {
    const image = Image.fromDebianBase({ registry: 'ghcr.io/acme', name: 'signing' });
    expect(image.fullName).toMatch(/^ghcr\.io\/acme\/signing:[0-9a-f]{32}$/);
    const clone = image.clone({ registry: 'localhost:5000', name: 'other' });
    expect(clone.fullName).toBe(`localhost:5000/other:${image.tag}`);
    expect(image.clone({ platform: 'linux/arm64' }).tag).not.toBe(image.tag);
    expect(Image.fromBase('ghcr.io/acme/base:1').fullName).toBe('ghcr.io/acme/base:1');
    expect(Image.fromBase('ghcr.io/acme/base:1').isBuilt).toBe(false);
    expect(() => Image.fromBase('ghcr.io/acme/base:1').tag).toThrow('nothing to build');
  });

  it('has the same tag on every machine', () => {
    // Worked out once and kept: a change of it makes everybody build everything again.
    expect(golden.story?.().tag).toMatchInlineSnapshot(`"dac9ea3fefe3b39fc16ba5cb2728589a"`);
  });

  it('counts which secrets take part, and neither their values nor the folders of their files', () => {
    const base = Image.fromDebianBase();
    const tag = (secretMounts: string | Secret): string => base.withCommands('true', { secretMounts }).tag;
    expect(tag('/home/alice/token')).toBe(tag('/builds/7/token'));
    expect(tag('/home/alice/token')).not.toBe(tag('/home/alice/other'));
    expect(tag(new Secret({ group: 'a_b', key: 'c', asEnvVar: 'V' }))).not.toBe(
      tag(new Secret({ group: 'a', key: 'b_c', asEnvVar: 'V' })),
    );
    process.env.TAG_SPEC = 'one';
    const before = tag('tag-spec');
    process.env.TAG_SPEC = 'two';
    expect(tag('tag-spec')).toBe(before);
    delete process.env.TAG_SPEC;
  });

  it('counts the files it copies: bytes, names, and whether they can be run', () => {
    const app = join(folder, 'app');
    const tag = (): string => Image.fromBase('busybox').withSourceFolder(app, '/app').tag;
    const before = tag();
    writeFileSync(join(app, 'notes'), 'ignored');
    writeFileSync(join(app, '.env'), 'ignored');
    writeFileSync(join(app, 'node_modules/x/index.js'), 'ignored');
    expect(tag()).toBe(before);
    chmodSync(join(app, 'src/main.js'), 0o600);
    expect(tag()).toBe(before);
    chmodSync(join(app, 'src/main.js'), 0o755);
    expect(tag()).not.toBe(before);
    chmodSync(join(app, 'src/main.js'), 0o644);
    const plan = Image.fromBase('busybox').withSourceFolder(app, '/app').plan();
    expect([...plan.files.values()].flat().map(({ entry }) => entry.path)).toEqual([
      '.dockerignore',
      'main',
      'package-lock.json',
      'package.json',
      'src/main.js',
    ]);
  });

  it('keeps the folder of dependencies apart from the code of a project', () => {
    const [first, second] = Image.fromBase('node').withNpmProject(join(folder, 'app')).plan().files.values();
    expect(first?.map(({ entry }) => entry.path)).toEqual(['package-lock.json', 'package.json']);
    expect(second?.length).toBe(5);
  });

  it('refuses a project without a lockfile, and files that are not there, when it needs them', () => {
    const image = Image.fromBase('node').withNpmProject(join(folder, 'app/src'));
    expect(image.dockerfile()).toContain('npm ci');
    expect(() => image.tag).toThrow(/needs a lockfile.*run npm install/);
    expect(() => Image.fromBase('node').withSourceFile('/nowhere/x').tag).toThrow('no file "/nowhere/x"');
    expect(() => Image.fromBase('node').withSourceFolder('/nowhere').tag).toThrow('no folder');
  });

  it('refuses an npmrc that holds a credential, and takes one that names a variable', () => {
    const project = join(folder, 'with-npmrc');
    mkdirSync(project);
    const image = (): Image => Image.fromBase('node').withSourceFolder(project, '/app');
    writeFileSync(join(project, '.npmrc'), '@a:registry=https://npm.a.dev/\n//npm.a.dev/:_authToken=${NPM_TOKEN}\n');
    expect(image().tag).toHaveLength(32);
    for (const line of ['//npm.a.dev/:_authToken=npm_abc', '_auth = dXNlcjpwYXNz', '//x/:_password="cGFzcw=="']) {
      writeFileSync(join(project, '.npmrc'), `registry=https://npm.a.dev/\n${line}\n`);
      expect(() => image().tag).toThrow(/holds a credential, which would stay in the image/);
      expect(() => image().tag).not.toThrow(line);
    }
  });

  it.each<[string, (image: Image) => Image, RegExp]>([
    ['an option as a package', (i) => i.withAptPackages('--allow-unauthenticated'), /withAptPackages takes the names/],
    ['several packages in one text', (i) => i.withAptPackages('vim curl'), /each its own element of a list/],
    [
      'a second package in place of options',
      (i) => i.withAptPackages('vim', inPlaceOfOptions('git')),
      /takes several as one list, .*: write withAptPackages\(\["vim", "git"\]\)/,
    ],
    [
      'a second list in place of options',
      (i) => i.withPipPackages(['a', 'b'], inPlaceOfOptions(['c'])),
      /withPipPackages\(\["a", "b", "c"\]\)/,
    ],
    [
      'a second npm package',
      (i) => i.withNpmPackages('zod', inPlaceOfOptions('jose')),
      /withNpmPackages\(\["zod", "jose"\]\)/,
    ],
    ['a second command', (i) => i.withCommands('ls', inPlaceOfOptions('id')), /withCommands\(\["ls", "id"\]\)/],
    ['no package', (i) => i.withNpmPackages([]), /at least one/],
    ['this package from npm', (i) => i.withNpmPackages(['zod', 'nestjs-flyte@0.1.0']), /not on npm.*withFlyte\(\)/],
    ['an address for npm', (i) => i.withNpmPackages('git+https://x.dev/y'), /withNpmPackages takes the names/],
    ['an address for pip', (i) => i.withPipPackages('x @ https://y.dev/z.whl'), /withPipPackages takes the names/],
    [
      'a password in an index',
      (i) => i.withPipPackages('x', { indexUrl: 'https://me:pw@h.dev/' }),
      /stay in the image's history/,
    ],
    [
      'an unknown variable in an index',
      (i) => i.withPipPackages('x', { indexUrl: 'https://a:${B}@h.dev/' }),
      /"B", which no secret/,
    ],
    [
      'a password in a registry',
      (i) => i.withNpmPackages('x', { registries: { '@a': { url: 'https://a:b@h.dev/' } } }),
      /token: new Secret/,
    ],
    [
      'a scope that is none',
      (i) => i.withNpmPackages('x', { registries: { a: { url: 'https://h.dev/' } } }),
      /scopes such as "@acme"/,
    ],
    ['a here-document', (i) => i.withPipPackages('x', { extraArgs: ['<<EOF'] }), /"<<", which can't stand there/],
    ['a line break in a variable', (i) => i.withEnvVars({ A: 'x\nRUN y' }), /line break or a control character/],
    ['a name that is no variable', (i) => i.withEnvVars({ 'A B': 'x' }), /no name of an environment variable/],
    ['a label that is none', (i) => i.withLabels({ 'a b': 'x' }), /is no label/],
    ['a relative working directory', (i) => i.withWorkdir('app'), /absolute path/],
    ['a path with a variable', (i) => i.withWorkdir('/a/$HOME'), /can't be "\/a\/\$HOME"/],
    ['a path that leaves', (i) => i.withSourceFile('/x', '/a/../../b'), /".." segment/],
    ['an empty command', (i) => i.withCommands(' '), /withCommands was given/],
    ['a NUL in a command', (i) => i.withCommands('a\0b'), /control character/],
    [
      'two secrets in one variable',
      (i) => i.withCommands('x', { secretMounts: [NPM, new Secret({ key: 'b', asEnvVar: 'NPM_TOKEN' })] }),
      /claim NPM_TOKEN: Secret npm-token/,
    ],
    [
      'two files of one name',
      (i) => i.withCommands('x', { secretMounts: ['/a/t', '/b/t'] }),
      /claim \/run\/secrets\/t/,
    ],
    ['a secret file that no mount can name', (i) => i.withCommands('x', { secretMounts: '/a/b c' }), /can't be "b c"/],
    ['a registry with a scheme', (i) => i.clone({ registry: 'https://ghcr.io' }), /Image field registry/],
    [
      'an unknown platform',
      (i) => i.clone({ platform: 'windows/amd64' as 'linux/amd64' }),
      /linux\/amd64 or linux\/arm64/,
    ],
  ])('refuses %s', (_what, make, message) => {
    expect(() => make(Image.fromDebianBase())).toThrow(message);
  });
});
