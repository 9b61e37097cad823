import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mintToken } from 'nestjs-flyte-local';
import { describe, expect, it } from 'vitest';
import { executionClients, messageOf, runTask, taskOf } from './execution-support.js';
import { addressOf, finish, temporaryFolder } from './support.js';

const LIBS = fileURLToPath(new URL('../../libs/', import.meta.url));
const { version } = JSON.parse(readFileSync(join(LIBS, 'flyte', 'package.json'), 'utf8')) as { version: string };

/** A project with both packages, linked as package managers do. */
function project(): string {
  const folder = mkdtempSync(join(temporaryFolder(), 'project-'));
  mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true });
  symlinkSync(join(LIBS, 'flyte'), join(folder, 'node_modules', 'nestjs-flyte'));
  symlinkSync(join(LIBS, 'flyte-local'), join(folder, 'node_modules', 'nestjs-flyte-local'));
  symlinkSync('../nestjs-flyte/bin/nestjs-flyte.js', join(folder, 'node_modules', '.bin', 'nestjs-flyte'));
  return folder;
}

/** Runs `nestjs-flyte --version` as an action of a plane that was started without any node_modules/.bin in PATH. */
async function versionBy(cwd: string, flags: readonly string[] = []) {
  const state = join(temporaryFolder(), 'state');
  const bin = join(LIBS, 'flyte-local', 'bin', 'nestjs-flyte-local.js');
  const child = spawn(process.execPath, [bin, '--port', '0', '--state', state, ...flags], {
    ...{ cwd, env: { PATH: '/usr/bin:/bin', HOME: cwd } },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = finish(child);
  try {
    const clients = executionClients(await addressOf(child), await mintToken({ state, subject: 'alice' }));
    const command = { command: ['nestjs-flyte', '--version'] };
    return await runTask(clients, taskOf('', [], { target: { case: 'container', value: command } }));
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

describe('the command nestjs-flyte', () => {
  it('is the one of the working directory, or of a folder above it', async () => {
    const folder = project();
    const inside = join(folder, 'packages', 'app');
    mkdirSync(inside, { recursive: true });
    for (const cwd of [folder, inside]) {
      // oxlint-disable-next-line no-await-in-loop -- one plane at a time
      const { log } = await versionBy(cwd);
      expect(log).toContain(version);
    }
  });

  it('is the one of --working-directory', async () => {
    const { log } = await versionBy(temporaryFolder(), ['--working-directory', project()]);
    expect(log).toContain(version);
  });

  it('is missed with advice where the working directory has none', async () => {
    const folder = temporaryFolder();
    const { details } = await versionBy(folder);
    expect(messageOf(details)).toContain('"nestjs-flyte" is not found in PATH');
    expect(messageOf(details)).toContain(`the working directory ${folder}`);
    expect(messageOf(details)).toContain('--working-directory');
  });
});
