import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { taskRef } from 'nestjs-flyte';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { Cli } from '../cli/support.js';
import { connect, ended } from './connect.js';
import { target } from './target.js';

const root = join(import.meta.dirname, '../..');
const Text = z.object({ text: z.string() });

it('runs code that no image has: a bundle that the command deployed', async () => {
  const app = await mkdtemp(join(tmpdir(), 'flyte-suite-'));
  try {
    const tasks = await readFile(join(root, 'dist/flyte-suite/suite.tasks.js'), 'utf8');
    await mkdir(join(app, 'code'));
    await writeFile(join(app, 'package.json'), '{ "type": "module" }');
    await copyFile(join(root, 'dist/flyte-suite/children.tasks.js'), join(app, 'code/children.tasks.js'));
    await writeFile(join(app, 'code/tasks.js'), tasks.replaceAll("'flyte-suite'", "'flyte-suite-bundle'"));
    await symlink(join(root, 'node_modules'), join(app, 'node_modules'));
    const { endpoint, token, project, domain, image } = target;
    const cli = new Cli(app, {
      ...{ FLYTE_ENDPOINT: endpoint, FLYTE_TOKEN: token, FLYTE_PROJECT: project, FLYTE_DOMAIN: domain },
      FLYTE_TASKS_MODULE: './code/tasks.js#SuiteModule',
    });
    const version = `${target.version}-bundle`;
    const args = ['deploy', '--version', version, '--code-bundle', ...(image === undefined ? [] : ['--image', image])];
    expect(await cli.json(args)).toMatchObject({ version, code: { uri: expect.stringMatching(/^([a-z0-9]+:\/)?\//) } });
    const echo = taskRef('flyte-suite-bundle.echo', { version, inputs: Text, outputs: Text });
    const run = await (await connect()).runs.create(echo, { text: 'from a bundle' });
    const info = await ended('a code bundle', run);
    expect(info).toMatchObject({ phase: 'succeeded', task: 'flyte-suite-bundle.echo', version });
    expect(await run.outputs()).toEqual({ text: 'from a bundle' });
  } finally {
    await rm(app, { recursive: true });
  }
});
