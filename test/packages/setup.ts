import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the packed libraries are, as npm would publish them, by name. */
    tarballs: Record<'nestjs-flyte' | 'nestjs-flyte-local', string>;
    /** The folder of the oldest Node that the packages promise, with the package managers, to come first in PATH. */
    oldestNode: string;
  }
}

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

/** The oldest Node that package.json's `engines` allow, the npm that it brought, and others. */
const TOOLS = ['node@20.19.0', 'npm@10.8.2', 'pnpm@10.34.9', 'yarn@1.22.22'];

/** Once for all proofs: packs the libraries, and fetches what is to install them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scratch = await mkdtemp(join(tmpdir(), 'packages-'));
  const pack = async (name: string): Promise<string> => {
    const { stdout } = await run('npm', ['pack', '-w', name, '--json', '--pack-destination', scratch], { cwd: root });
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    return join(scratch, filename);
  };
  const tools = join(scratch, 'tools');
  const [flyte, local] = await Promise.all([
    pack('nestjs-flyte'),
    pack('nestjs-flyte-local'),
    run('npm', ['install', '--prefix', tools, '--no-package-lock', ...TOOLS]),
  ]);
  project.provide('tarballs', { 'nestjs-flyte': flyte, 'nestjs-flyte-local': local });
  project.provide('oldestNode', join(tools, 'node_modules/.bin'));
  return () => rm(scratch, { recursive: true });
}
