import { createHash, randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { buildImage, type BuildProgress, type FlyteError, Image, Secret } from 'nestjs-flyte';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { lacking, startBuilder, type TestBuilder } from './support/builders.js';
import { run } from './support/child.js';
import { filesHolding, traces } from './support/leaks.js';
import { type PrivateNetwork, startPrivateNetwork } from './support/private-network.js';
import { type ImageRegistry, type NpmRegistry, startImageRegistry, startNpmRegistry } from './support/registries.js';

const MINUTES = 60_000;
const PATH_SECRET = `path-${randomBytes(16).toString('hex')}`;
const AWS_ID = `AKIA+${randomBytes(16).toString('base64')}`;
const SSH_KEY = `-----BEGIN KEY-----\n${randomBytes(24).toString('base64')}\n-----END KEY-----\n`;
const PLAIN = 'docker.io/library/python:3.12-slim-bookworm';
/** Each means something to a shell, to a Dockerfile, or to JSON. */
const HOSTILE = [
  `"double" 'single' \`back\``,
  String.raw`back\slash \\ \" \$ at the end \ `,
  '$HOME ${PATH} $(id) %s',
  '# <<EOF <<-X | & ; > < * ? [a] {b} ~ !',
  'RUN id && FROM scratch',
  'naïve 🦋 \u00a0 text',
  '["/bin/sh", "-c", "id"]',
  '--mount=type=secret,id=x',
  String.raw`\n\t\u0041`,
  '  spaces around  ',
];
/** Names of files that lie in a folder that is copied. */
const HOSTILE_NAMES = ['$HOME', 'a b', `"q"'s`, '[x]*?', '--chown=0', '# x', 'back\\slash', '{{.}}'];
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe.each(['buildah', 'docker'] as const)('a real build by %s', (name) => {
  const skipped = lacking(name);
  let folder: string;
  let builder: TestBuilder;
  let npm: NpmRegistry;
  let images: ImageRegistry;
  let env: NodeJS.ProcessEnv;
  /** All that any build of this file said. */
  const said: string[] = [];

  beforeAll(async () => {
    if (skipped) return;
    folder = mkdtempSync(join(tmpdir(), `images-${name}-`));
    [builder, npm, images] = await Promise.all([
      startBuilder(name, join(folder)),
      startNpmRegistry(join(folder, 'npm')),
      startImageRegistry(join(folder, 'registry')),
    ]);
    writeFileSync(join(folder, 'secret1'), PATH_SECRET);
    env = { ...builder.env, AWS_ID, NPM_TOKEN: npm.token, USER_CREDS_SSH_KEY: SSH_KEY };
  }, 3 * MINUTES);
  afterAll(async () => {
    if (skipped) return;
    await Promise.all([builder.stop(), npm.stop(), images.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }, 3 * MINUTES);

  /** The guide's first image, with a registry that is here. */
  const story = (): Image =>
    Image.fromDebianBase()
      .withAptPackages('vim', { secretMounts: [join(folder, 'secret1')] })
      .withPipPackages('private-package', {
        secretMounts: [new Secret({ group: 'aws', key: 'id', asEnvVar: 'AWS_ACCESS_KEY_ID' })],
      })
      .withNpmPackages('@acme/tools', {
        registries: { '@acme': { url: npm.url, token: new Secret({ key: 'npm-token', asEnvVar: 'NPM_TOKEN' }) } },
      })
      .withCommands('witness file', {
        secretMounts: new Secret({ group: 'user-creds', key: 'ssh-key', mount: '/etc/flyte/secrets' }),
      })
      .withCommands(
        'witness nothing; cat /evidence/*; tools\n' +
          `node --input-type=module --eval 'import { made } from "@acme/tools"; console.log(made)'`,
      )
      .clone({ registry: images.host, name: 'story' });

  const build = async (image: Image, options: Parameters<typeof buildImage>[1] = {}) => {
    const lines: BuildProgress[] = [];
    const onProgress = (progress: BuildProgress): void => {
      lines.push(progress);
      said.push(progress.text);
    };
    const result = await buildImage(image, { builder: name, env, network: 'host', onProgress, ...options });
    return { ...result, lines, log: lines.filter(({ kind }) => kind === 'log').map(({ text }) => text) };
  };
  const failure = async (building: Promise<unknown>): Promise<FlyteError> => {
    const error = await building.then(
      () => new Error('built'),
      (reason: unknown) => reason,
    );
    said.push(String(error));
    return error as FlyteError;
  };

  it.skipIf(skipped)(
    'shows each secret to the step that asked for it, and to no other',
    async () => {
      const { log, outcome, lines } = await build(story());
      expect(outcome).toBe('built');
      expect(log.filter((line) => line.startsWith('evidence '))).toEqual([
        `evidence apt file /run/secrets/secret1 ${sha256(PATH_SECRET)}`,
        `evidence file file /etc/flyte/secrets/user-creds/ssh-key ${sha256(SSH_KEY)}`,
        `evidence pip file /run/secrets/aws_id ${sha256(AWS_ID)}`,
        `evidence pip variable AWS_ACCESS_KEY_ID ${sha256(AWS_ID)}`,
      ]);
      expect(log).toContain('the tool ran');
      expect(log).toContain('by acme');
      expect(lines.find(({ kind }) => kind === 'step')).toMatchObject({ number: 1 });
    },
    5 * MINUTES,
  );

  it.skipIf(skipped)(
    'leaves no secret in a layer, the config, the history, the log, the registry, or the storage of the builder',
    async () => {
      expect(await build(story(), { push: true })).toMatchObject({ outcome: 'found_locally', pushed: true });
      const saved = await builder.save(story().fullName, join(folder, 'saved'));
      expect(saved.config.config).toMatchObject({ User: '10001:10001', WorkingDir: '/home/flyte' });
      unzipBlobs(images.storage, join(folder, 'registry-blobs'));

      const places = [saved.folder, builder.storage, images.storage, join(folder, 'registry-blobs')];
      // First that the search finds what is there: in the layers, in the storage, and in what was pushed.
      const control = await filesHolding([sha256(AWS_ID)], places);
      for (const place of [saved.folder, builder.storage, join(folder, 'registry-blobs')]) {
        expect(control.some((file) => file.startsWith(place))).toBe(true);
      }
      const secrets = [PATH_SECRET, AWS_ID, npm.token, SSH_KEY.split('\n')[1] ?? ''];
      for (const secret of secrets) expect(secret.length).toBeGreaterThan(15);
      expect(await filesHolding(secrets.flatMap(traces), places)).toEqual([]);
      const log = said.join('\n');
      for (const trace of secrets.flatMap(traces)) expect(log).not.toContain(trace);
    },
    5 * MINUTES,
  );

  it.skipIf(skipped)(
    'says clearly that the registry refused, without the token that it refused',
    async () => {
      const wrong = `wrong-${randomBytes(12).toString('hex')}`;
      const image = story().clone({ name: 'refused' }).withEnvVars({ ANOTHER: 'image' });
      const fresh = Image.fromBase('docker.io/library/node:24-bookworm-slim').withNpmPackages('@acme/tools@1.2.3', {
        registries: { '@acme': { url: npm.url, token: 'npm-token' } },
      });
      const error = await failure(build(fresh, { env: { ...env, NPM_TOKEN: wrong } }));
      expect(error.code).toBe('image_build_failed');
      expect(error.message).toMatch(/npm install .*@acme\/tools@1\.2\.3/);
      expect(error.message).toMatch(/E401|Unauthorized/i);
      expect(error.message).not.toContain(wrong);

      const { AWS_ID: _1, NPM_TOKEN: _2, ...poor } = env;
      const missing = await failure(build(image, { env: poor }));
      expect(missing.code).toBe('failed_precondition');
      expect(missing.message).toMatch(/2 secrets[^]*variable AWS_ID \(not set\)[^]*variable NPM_TOKEN \(not set\)/);
    },
    2 * MINUTES,
  );

  it.skipIf(skipped)(
    'takes a secret that a command prints out of the log and out of the error',
    async () => {
      const secret = new Secret({ key: 'npm-token', asEnvVar: 'NPM_TOKEN' });
      const error = await failure(
        build(
          Image.fromBase('docker.io/library/node:24-bookworm-slim').withCommands(
            'echo "token: $NPM_TOKEN"; printf %s "$NPM_TOKEN" | base64 -w0; echo; false',
            { secretMounts: secret },
          ),
        ),
      );
      expect(error.message).toContain('token: ***');
      expect(said.join('\n')).not.toContain(npm.token);
      expect(said.join('\n')).not.toContain(Buffer.from(npm.token).toString('base64'));
    },
    2 * MINUTES,
  );

  it.skipIf(skipped)(
    'takes text that means something to shells and Dockerfiles as it is',
    async () => {
      const image = Image.fromBase(PLAIN)
        .withEnvVars(Object.fromEntries(HOSTILE.map((text, index) => [`V${index}`, text])))
        .withLabels(Object.fromEntries(HOSTILE.map((text, index) => [`label.${index}`, text])))
        .withSourceFolder(hostileFolder(join(folder, 'hostile')), '/hostile')
        .withCommands(`cat <<'EOF'\n${HOSTILE.join('\n')}\nEOF\nls -1 /hostile`);
      const { log } = await build(image);
      for (const text of HOSTILE) expect(log.map((line) => line.trimEnd())).toContain(text.trimEnd());
      for (const name of HOSTILE_NAMES) expect(log).toContain(name);
      const { config } = await builder.save(image.fullName, join(folder, 'hostile-saved'));
      const variables = new Map(
        config.config.Env?.map((pair) => [pair.split('=')[0], pair.slice(pair.indexOf('=') + 1)]),
      );
      for (const [index, text] of HOSTILE.entries()) {
        expect(variables.get(`V${index}`)).toBe(text);
        expect(config.config.Labels?.[`label.${index}`]).toBe(text);
      }
    },
    3 * MINUTES,
  );

  it.skipIf(skipped)(
    'keeps the layer of the dependencies while only the code of a project changes',
    async () => {
      const project = join(folder, 'project');
      mkdirSync(project);
      writeFileSync(
        join(project, 'package.json'),
        JSON.stringify({ name: 'app', dependencies: { '@acme/tools': '1.2.3' } }),
      );
      const npmrc = join(folder, 'npm/npmrc');
      await run('npm', ['install', '--package-lock-only', '--userconfig', npmrc, '--prefix', project]);
      const image = (): Image =>
        Image.fromBase('docker.io/library/node:24-bookworm-slim')
          .withNpmProject(project, { registries: { default: { url: npm.url, token: 'npm-token' } } })
          .withCommands('node main.mjs');
      writeFileSync(join(project, 'main.mjs'), "import { made } from '@acme/tools'; console.log('first', made);");
      const first = await build(image());
      expect(first.log).toContain('first by acme');
      expect(first.log.join('\n')).toContain('added 1 package');
      writeFileSync(join(project, 'main.mjs'), "import { made } from '@acme/tools'; console.log('second', made);");
      const second = await build(image());
      expect(second.fullName).not.toBe(first.fullName);
      expect(second.log).toContain('second by acme');
      expect(second.log.join('\n')).not.toContain('added 1 package');
    },
    3 * MINUTES,
  );

  it.skipIf(skipped)(
    'builds behind a proxy, by a private registry with a CA of its own: a project, and the installed copy of this package',
    async () => {
      const network = await startPrivateNetwork(join(folder, 'network'));
      try {
        const project = await workspaceProject(join(folder, 'workspace'), network);
        const image = Image.fromBase('docker.io/library/node:24-bookworm-slim')
          .withBuildSettings({
            certificates: network.certificates,
            proxy: { https: network.proxy },
            npm: { registries: { default: { url: network.registry, token: 'private-token' } } },
          })
          .withNpmProject(project, { include: ['scripts'] })
          .withFlyte()
          .withCommands('acme-tool && cat greeting && command -v nestjs-flyte && nestjs-flyte --version');
        const { log } = await build(image, { env: { ...env, PRIVATE_TOKEN: network.token } });
        const answers = ['the tool says hello from a tarball', 'greeting: hello from a tarball', '0.1.0'];
        expect(log).toEqual(
          expect.arrayContaining([...answers, '/opt/flyte/node_modules/nestjs-flyte/bin/nestjs-flyte']),
        );
        expect([...network.asked]).toEqual(expect.arrayContaining(['@nestjs/core', 'jose', 'tar']));
        expect([...network.asked].filter((name) => name.startsWith('nestjs-flyte'))).toEqual([]);

        const { config, folder: saved } = await builder.save(image.fullName, join(folder, 'private-saved'));
        expect(JSON.stringify(config)).not.toContain(network.proxy);
        expect(await filesHolding(traces(network.token), [saved, builder.storage])).toEqual([]);
      } finally {
        await network.stop();
      }
    },
    5 * MINUTES,
  );

  it.skipIf(skipped)(
    "gives steps a proxy with a password by the builder's own settings, and keeps nothing of it",
    async () => {
      const password = randomBytes(16).toString('hex');
      const proxy = `http://ci:${password}@127.0.0.1:9`;
      const settings = join(folder, '.docker');
      mkdirSync(settings, { recursive: true });
      const file = join(settings, 'config.json');
      writeFileSync(file, JSON.stringify({ proxies: { default: { httpsProxy: proxy } } }));
      const image = Image.fromBase(PLAIN).withCommands('printf %s "$HTTPS_PROXY" | sha256sum');
      const own = name === 'docker' ? {} : { HTTPS_PROXY: proxy };
      const { log } = await build(image, { env: { ...env, ...own } });
      rmSync(file);
      expect(log.join('\n')).toContain(sha256(proxy));
      const saved = await builder.save(image.fullName, join(folder, 'proxy-saved'));
      expect(await filesHolding(traces(password), [saved.folder, builder.storage])).toEqual([]);
    },
    2 * MINUTES,
  );

  it.skipIf(skipped)(
    'leaves no container where a step fails, or where a build is canceled, whose step ends',
    async () => {
      const length = `${randomInt(100_000, 999_999)}`;
      const secretMounts = join(folder, 'secret1');
      const failing = Image.fromBase(PLAIN).withCommands('cat /run/secrets/secret1 > /dev/null; false', {
        secretMounts,
      });
      expect((await failure(build(failing))).code).toBe('image_build_failed');
      // Buildah keeps a secret's file beside the container of a step.
      expect(await filesHolding(traces(PATH_SECRET), [builder.storage])).toEqual([]);
      expect(await builder.containers()).toBe('');

      const image = Image.fromBase(PLAIN).withCommands(`echo the step runs; sleep ${length}`, { secretMounts });
      const canceled = new AbortController();
      const onProgress = ({ text }: BuildProgress): void => {
        if (text === 'the step runs') canceled.abort();
      };
      expect((await failure(build(image, { signal: canceled.signal, onProgress }))).code).toBe('canceled');
      // A daemon ends it a moment later.
      await vi.waitFor(() => expect(commandLines().filter((line) => line.includes(length))).toEqual([]), 30_000);
      expect(await builder.containers()).toBe('');
      expect(await filesHolding(traces(PATH_SECRET), [builder.storage])).toEqual([]);
    },
    2 * MINUTES,
  );

  it.skipIf(skipped)(
    'tells the digest by which the registry knows what was pushed',
    async () => {
      // To buildah under a name that says nothing of loopback, so that it is asked as for a registry elsewhere.
      const host = name === 'buildah' ? images.host.replace('127.0.0.1', '0.0.0.0') : images.host;
      const CONTAINERS_REGISTRIES_CONF = join(folder, 'registries.conf');
      writeFileSync(CONTAINERS_REGISTRIES_CONF, `[[registry]]\nlocation = "${host}"\ninsecure = true\n`);
      const image = Image.fromBase(PLAIN).withCommands('true').clone({ registry: host, name: 'digested' });
      const { pushed, digest } = await build(image, { push: true, env: { ...env, CONTAINERS_REGISTRIES_CONF } });
      const answer = await fetch(`http://${images.host}/v2/digested/manifests/${digest}`, {
        headers: {
          accept: 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json',
        },
      });
      expect([pushed, digest]).toEqual([true, `sha256:${sha256(await answer.text())}`]);
    },
    2 * MINUTES,
  );

  it.skipIf(skipped)(
    'does not build what is on the machine or in the registry',
    async () => {
      const image = story();
      expect(await build(image, { env: builder.env })).toMatchObject({ outcome: 'found_locally', pushed: false });
      await builder.remove(image.fullName);
      expect(await build(image, { env: builder.env })).toMatchObject({ outcome: 'found_in_registry', pushed: false });
      expect(await build(image, { env: builder.env, push: true })).toMatchObject({ pushed: false });
      const absent = image.withCommands('true');
      expect((await failure(build(absent, { env: builder.env }))).code).toBe('failed_precondition');
    },
    2 * MINUTES,
  );

  it.skipIf(skipped)(
    'leaves nothing in its storage after all of that either: failures, caches, refused and printed secrets',
    async () => {
      const traced = [PATH_SECRET, AWS_ID, npm.token, SSH_KEY.split('\n')[1] ?? ''].flatMap(traces);
      expect(await filesHolding(traced, [builder.storage, images.storage])).toEqual([]);
      for (const trace of traced) expect(said.join('\n')).not.toContain(trace);
      // The same search finds a secret that a step leaves on purpose.
      const leaky = Image.fromBase(PLAIN).withCommands('printf %s "$NPM_TOKEN" | base64 -w0 > /leak', {
        secretMounts: 'npm-token',
      });
      await build(leaky);
      expect(await filesHolding(traced, [builder.storage])).not.toEqual([]);
    },
    3 * MINUTES,
  );
});

/** A project with all that needs care: a workspace with a program, a tarball, a script that needs a file. */
async function workspaceProject(
  path: string,
  { registry, token, proxy, certificates }: PrivateNetwork,
): Promise<string> {
  const files = {
    'package.json': {
      name: 'app',
      workspaces: ['packages/*'],
      dependencies: { hello: 'file:vendor/hello-1.0.0.tgz', zod: '*' },
      scripts: { postinstall: 'node scripts/greet.cjs' },
    },
    'scripts/greet.cjs': "require('node:fs').writeFileSync('greeting', `greeting: ${require('hello')}\\n`)",
    'packages/tool/package.json': { name: 'tool', version: '1.0.0', bin: { 'acme-tool': './dist/tool.cjs' } },
    'packages/tool/dist/tool.cjs': "#!/usr/bin/env node\nconsole.log('the tool says', require('hello'))",
    '../hello/package.json': { name: 'hello', version: '1.0.0' },
    '../hello/index.js': "module.exports = 'hello from a tarball'",
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  mkdirSync(join(path, 'vendor'));
  await run('npm', ['pack', join(path, '../hello'), '--pack-destination', join(path, 'vendor')]);
  const npmrc = `${path}.npmrc`;
  writeFileSync(npmrc, `registry=${registry}\n${registry.slice('https:'.length)}:_authToken=${token}\n`);
  const settings = [
    '--userconfig',
    npmrc,
    '--cache',
    `${path}.cache`,
    '--https-proxy',
    proxy,
    '--cafile',
    certificates,
  ];
  await run('npm', ['install', '--package-lock-only', '--ignore-scripts', ...settings, '--prefix', path]);
  return path;
}

/** Of all processes of this machine. */
function commandLines(): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
    } catch {
      return []; // It has ended.
    }
  });
}

function hostileFolder(path: string): string {
  mkdirSync(path);
  for (const name of HOSTILE_NAMES) writeFileSync(join(path, name), '');
  return path;
}

/** Layers are compressed in a registry. */
function unzipBlobs(storage: string, into: string): void {
  writeFileSync(into, '');
  for (const entry of readdirSync(storage, { recursive: true, withFileTypes: true })) {
    if (entry.name !== 'data') continue;
    const bytes = readFileSync(join(entry.parentPath, entry.name));
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) writeFileSync(into, gunzipSync(bytes), { flag: 'a' });
  }
}
