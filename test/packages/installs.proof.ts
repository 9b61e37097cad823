import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, it } from 'vitest';

const run = promisify(execFile);

const NEST_11 = { '@nestjs/common': '11.2.10', '@nestjs/core': '11.2.10', '@nestjs/config': '4.0.4' };
const NEST_12 = { '@nestjs/common': '12.5.1', '@nestjs/core': '12.5.1', '@nestjs/config': '12.0.1' };

/** How each installs; yarn 1 refuses Nest 12 itself on Node 20, for a dependency of `@nestjs/common` that declares 22. */
const INSTALLS = [
  { manager: 'npm', args: ['install', '--no-audit', '--no-fund', '--strict-peer-deps'], nest: NEST_11 },
  { manager: 'npm', args: ['install', '--no-audit', '--no-fund', '--strict-peer-deps'], nest: NEST_12 },
  { manager: 'pnpm', args: ['install', '--strict-peer-dependencies'], nest: NEST_12 },
  { manager: 'yarn', args: ['install', '--non-interactive'], nest: NEST_11 },
];

describe('the packages on the oldest Node', () => {
  it.each(INSTALLS)('are installed by $manager, with $nest, and work', async ({ manager, args, nest }) => {
    const folder = await mkdtemp(join(tmpdir(), `${manager}-`));
    const others = { 'reflect-metadata': '0.2.2', rxjs: '7.8.2' };
    const packed = Object.entries(inject('tarballs')).map(([name, file]) => [name, `file:${file}`] as const);
    const dependencies = { ...nest, ...others, ...Object.fromEntries(packed) };
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
    await copyFile(join(import.meta.dirname, 'smoke/smoke.mjs'), join(folder, 'smoke.mjs'));
    const env = { ...process.env, PATH: `${inject('oldestNode')}${delimiter}${process.env['PATH']}` };
    const { stdout, stderr } = await run(manager, args, { cwd: folder, env });
    expect(`${stdout}${stderr}`).not.toMatch(/nestjs-flyte.*peer/);
    expect(await run('node', ['smoke.mjs'], { cwd: folder, env })).toEqual({
      stdout: 'alice on Node v20.19.0\n',
      stderr: '',
    });
    await rm(folder, { recursive: true });
  });
});
