import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppFolder } from './support.js';
import { NEST_11, NEST_12 } from './versions.js';

/** How each installs; yarn 1 refuses Nest 12 itself on Node 20, for a dependency of `@nestjs/common` that declares 22. */
const INSTALLS = [
  { nest: '11', versions: NEST_11, manager: 'npm', args: ['install', '--strict-peer-deps'] },
  { nest: '12', versions: NEST_12, manager: 'npm', args: ['install', '--strict-peer-deps'] },
  { nest: '12', versions: NEST_12, manager: 'pnpm', args: ['install', '--strict-peer-dependencies'] },
  { nest: '11', versions: NEST_11, manager: 'yarn', args: ['install', '--non-interactive'] },
];

describe('the packages on the oldest Node', () => {
  it.each(INSTALLS)('are installed by $manager beside Nest $nest, and work', async ({ versions, manager, args }) => {
    await using app = await AppFolder.make({ type: 'commonjs', dependencies: versions.core });
    const { stdout, stderr } = await app.run(manager, args);
    expect(`${stdout}${stderr}`).not.toMatch(/nestjs-flyte.*peer/);
    await copyFile(join(import.meta.dirname, 'smoke.mjs'), join(app.path, 'smoke.mjs'));
    expect(await app.run('node', ['smoke.mjs'])).toEqual({ stdout: 'alice on Node v20.19.0\n', stderr: '' });
  });
});
