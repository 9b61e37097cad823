import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mintToken, startLocalControlPlane } from 'nestjs-flyte-local';
import type { TestProject } from 'vitest/node';
import { startsIn, watchPods } from './pods.js';
import type { Target } from './target.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The Flyte that is tried. */
    target: Target;
  }
}

const root = join(import.meta.dirname, '../..');

/** Once for all: finds the Flyte that the environment names, or starts a local control plane. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scratch = await mkdtemp(join(tmpdir(), 'flyte-suite-'));
  const [podsFile, runsFile] = [join(scratch, 'pods'), join(scratch, 'runs')];
  await Promise.all([podsFile, runsFile].map((file) => writeFile(file, '')));
  const env = process.env;
  const named = env['FLYTE_TEST_ENDPOINT'];
  const common = { version: `suite-${randomBytes(4).toString('hex')}`, podsFile, runsFile };
  const place = {
    project: env['FLYTE_TEST_PROJECT'] || 'flytesnacks',
    domain: env['FLYTE_TEST_DOMAIN'] || 'development',
  };
  if (!named) {
    const state = join(scratch, 'state');
    const plane = await startLocalControlPlane({ port: 0, state, workingDirectory: root, abortGraceMs: 2_000 });
    const token = await mintToken({ state, subject: 'alice' });
    project.provide('target', { ...common, ...place, kind: 'local', endpoint: plane.url, token });
    return async () => {
      await plane.close();
      await report(runsFile, podsFile, false);
      await rm(scratch, { recursive: true });
    };
  }
  const kubeconfig = env['FLYTE_TEST_KUBECONFIG'];
  const pods = kubeconfig ? watchPods(kubeconfig, podsFile) : undefined;
  project.provide('target', {
    ...common,
    ...place,
    kind: 'flyte',
    endpoint: named,
    token: await tokenOf(env),
    image: needed(env, 'FLYTE_TEST_IMAGE'),
    kubeconfig,
    restart: env['FLYTE_TEST_RESTART'],
    can: env['FLYTE_TEST_CAN']?.split(','),
  });
  return async () => {
    await report(runsFile, podsFile, pods !== undefined);
    await pods?.stop();
    await rm(scratch, { recursive: true });
  };
}

async function tokenOf(env: NodeJS.ProcessEnv): Promise<string> {
  const file = env['FLYTE_TEST_TOKEN_FILE'];
  return file ? (await readFile(file, 'utf8')).trim() : needed(env, 'FLYTE_TEST_TOKEN');
}

function needed(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value) return value;
  throw new Error(`${name} is not set. See test/flyte/README.md.`);
}

/** How often each run that was counted had been started in the end. */
async function report(runsFile: string, podsFile: string, counted: boolean): Promise<void> {
  const runs = (await readFile(runsFile, 'utf8')).split('\n').filter((line) => line !== '');
  const rows = runs.map((line) => {
    const [what, run = '', attempts] = line.split('\t');
    return `${String(attempts).padStart(8)}  ${counted ? String(startsIn(podsFile, run)).padStart(6) : '     –'}  ${what}`;
  });
  process.stdout.write(`\nattempts  starts  (starts: pods, where Kubernetes can be asked)\n${rows.join('\n')}\n`);
}
