import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A Node to measure with. */
export interface NodeVersion {
  readonly major: string;
  readonly path: string;
  readonly version: string;
}

/**
 * The Node of a major version: this one, or npm's package `node`, which is the runtime itself.
 *
 * @param folder where to install it
 * @throws Error where it can't be had
 */
export async function findNode(major: string, folder: string): Promise<NodeVersion> {
  if (process.versions.node.split('.')[0] === major) {
    return { major, path: process.execPath, version: process.versions.node };
  }
  const home = join(folder, `node-${major}`);
  const path = join(home, 'node_modules/node/bin/node');
  const known = await versionOf(path).catch(() => undefined);
  if (known !== undefined) return { major, path, version: known };
  await mkdir(home, { recursive: true });
  await run('npm', ['install', '--prefix', home, '--no-save', '--no-package-lock', `node@${major}`]);
  return { major, path, version: await versionOf(path) };
}

async function versionOf(path: string): Promise<string> {
  return (await run(path, ['--print', 'process.versions.node'])).stdout.trim();
}
