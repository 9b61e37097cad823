import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeBaseTars } from './base-images.js';
import { run, startService } from './child.js';

/** An image as its builder hands it out. */
export interface SavedImage {
  readonly config: {
    readonly config: {
      readonly Env?: readonly string[];
      readonly Labels?: Readonly<Record<string, string>>;
      readonly User?: string;
      readonly WorkingDir?: string;
    };
    readonly history: readonly unknown[];
  };
  /** The folder of its unpacked archive: manifest, config, layers as plain tar files. */
  readonly folder: string;
}

/** A builder with a storage of its own, which holds the base images. */
export interface TestBuilder {
  readonly name: 'docker' | 'buildah';
  /** What `buildImage` gets as its environment. */
  readonly env: NodeJS.ProcessEnv;
  /** All that the builder keeps, its log and its temporary files included. */
  readonly storage: string;
  save(fullName: string, folder: string): Promise<SavedImage>;
  remove(fullName: string): Promise<unknown>;
  /** The containers that are there, whether they run or not; empty where there are none. */
  containers(): Promise<string>;
  readonly stop: () => Promise<void>;
}

const NEEDED = { docker: ['dockerd', 'docker'], buildah: ['buildah'] } as const;

/**
 * Whether a builder's tests lack something on this machine. With `CI=true` that is a failure; elsewhere a line says so,
 * and they are skipped. `REAL_BUILDS=skip` skips them everywhere, for runs after a first one.
 */
export function lacking(name: TestBuilder['name']): boolean {
  if (process.env.REAL_BUILDS === 'skip') {
    process.stderr.write(`skipped: images built by ${name}: REAL_BUILDS=skip\n`);
    return true;
  }
  const missing: string[] = [...NEEDED[name], 'docker-registry', 'grep', 'tar'].filter((program) => !present(program));
  if (process.getuid?.() !== 0) missing.push('root');
  if (!present('/bin/busybox')) missing.push('/bin/busybox');
  if (!existsSync(join(import.meta.dirname, '../npm-registry/node_modules/verdaccio')))
    missing.push('the npm registry');
  if (missing.length === 0) return false;
  const line = `images built by ${name}: missing ${missing.join(', ')}; run test/images/install-builders.sh`;
  if (process.env.CI === 'true') throw new Error(line);
  process.stderr.write(`skipped: ${line}\n`);
  return true;
}

/** Where Debian's packages put programs comes first: a newer Docker command line without BuildKit may be elsewhere. */
const PATH = `/usr/sbin:/usr/bin:/sbin:/bin:${process.env.PATH}`;

/** Starts a builder. @param folder its own, which is emptied by whoever made it */
export async function startBuilder(name: TestBuilder['name'], folder: string): Promise<TestBuilder> {
  const storage = join(folder, 'storage');
  mkdirSync(join(storage, 'tmp'), { recursive: true });
  const tars = await makeBaseTars(folder);
  const env = { ...process.env, PATH, TMPDIR: join(storage, 'tmp'), HOME: folder };
  const builder = name === 'docker' ? await startDocker(storage, env) : startBuildah(folder, storage, env);
  await builder.base(tars.plain, 'docker.io/library/python:3.12-slim-bookworm');
  await builder.base(tars.node, 'docker.io/library/node:24-bookworm-slim');
  return builder;
}

type WithBases = TestBuilder & { base(tar: string, fullName: string): Promise<unknown> };

const IMAGE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

async function startDocker(storage: string, base: NodeJS.ProcessEnv): Promise<WithBases> {
  const socket = join(storage, 'docker.sock');
  const env = { ...base, DOCKER_HOST: `unix://${socket}` };
  const docker = (...args: string[]): Promise<string> => run('docker', args, env);
  const daemon = await startService(
    'dockerd',
    [
      ...['--storage-driver', hasOverlay(storage) ? 'overlay2' : 'vfs', '--iptables=false', '--bridge=none'],
      ...['--host', `unix://${socket}`],
      ...[
        '--data-root',
        join(storage, 'data'),
        '--exec-root',
        join(storage, 'exec'),
        '--pidfile',
        join(storage, 'pid'),
      ],
    ],
    { env, log: join(storage, 'dockerd.log'), ready: () => docker('version') },
  );
  return {
    name: 'docker',
    env,
    storage,
    base: (tar, fullName) => docker('import', '--change', `ENV PATH=${IMAGE_PATH}`, tar, fullName),
    save: async (fullName, folder) => {
      await docker('save', '--output', `${folder}.tar`, fullName);
      return unpack(folder);
    },
    containers: () => docker('ps', '--all', '--quiet'),
    remove: (fullName) => docker('rmi', '--force', fullName),
    stop: daemon.stop,
  };
}

/** Whether a builder can keep of each step what it changed. What works everywhere, `vfs`, copies the whole image for each. */
function hasOverlay(storage: string): boolean {
  const trial = join(storage, 'trial');
  const merged = join(trial, 'merged');
  for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(trial, name), { recursive: true });
  const options = `lowerdir=${trial}/lower,upperdir=${trial}/upper,workdir=${trial}/work`;
  try {
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, merged], { stdio: 'ignore' });
    execFileSync('umount', [merged]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(trial, { recursive: true, force: true });
  }
}

function startBuildah(folder: string, storage: string, base: NodeJS.ProcessEnv): WithBases {
  const settings = join(folder, 'storage.conf');
  const roots = { graphroot: join(storage, 'graph'), runroot: join(storage, 'run') };
  const lines = Object.entries({ driver: hasOverlay(storage) ? 'overlay' : 'vfs', ...roots }).map(
    ([key, value]) => `${key} = ${JSON.stringify(value)}\n`,
  );
  writeFileSync(settings, `[storage]\n${lines.join('')}`);
  const env = { ...base, CONTAINERS_STORAGE_CONF: settings, BUILDAH_ISOLATION: 'chroot' };
  const buildah = (...args: string[]): Promise<string> => run('buildah', args, env);
  return {
    name: 'buildah',
    env,
    storage,
    base: async (tar, fullName) => {
      const dockerfile = `${tar}.Dockerfile`;
      writeFileSync(dockerfile, `FROM scratch\nADD ${tar.slice(folder.length + 1)} /\nENV PATH=${IMAGE_PATH}\n`);
      await buildah('build', '--quiet', '--tag', fullName, '--file', dockerfile, folder);
    },
    save: async (fullName, into) => {
      await buildah('push', '--quiet', fullName, `docker-archive:${into}.tar`);
      return unpack(into);
    },
    containers: () => buildah('containers', '--quiet'),
    remove: (fullName) => buildah('rmi', '--force', fullName),
    stop: async () => undefined,
  };
}

async function unpack(folder: string): Promise<SavedImage> {
  mkdirSync(folder);
  await run('tar', ['-C', folder, '-xf', `${folder}.tar`]);
  const [manifest] = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as [{ Config: string }];
  const config = JSON.parse(readFileSync(join(folder, manifest.Config), 'utf8')) as SavedImage['config'];
  return { config, folder };
}

function present(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { env: { ...process.env, PATH }, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
