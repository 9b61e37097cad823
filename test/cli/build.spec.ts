import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { FakeFlyte } from '../tasks/fake-flyte.js';
import { Cli, createApp, MODULE } from './support.js';

const Built = z.object({ images: z.array(z.looseObject({ image: z.string() })) });
const Deployed = z.looseObject({ version: z.string(), tasks: z.array(z.unknown()) });
const DIGEST = `sha256:${'c'.repeat(64)}`;

/** Stands for buildah, and for what it does to a registry. */
const BUILDER = `#!/bin/sh
case "$1" in
  --version) echo 'buildah version 1.28.2' ;;
  build | push) echo "$@" >> built; [ ! -e fails ] ;;
  *) exit 1 ;;
esac
`;

// Each command is a process of its own, and on a busy machine takes its time to start.
vi.setConfig({ testTimeout: 600_000 });

const app = createApp();
const registry = createServer((request, response) => {
  const isPushed = existsSync(join(app.root, 'built')) && request.method === 'HEAD';
  response.writeHead(isPushed ? 200 : 404, { 'docker-content-digest': DIGEST }).end();
});
let host: string;
let cli: Cli;
beforeAll(async () => {
  registry.listen(0, '127.0.0.1');
  await once(registry, 'listening');
  const address = registry.address();
  host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/acme`;
  writeFileSync(join(app.root, 'buildah'), BUILDER);
  chmodSync(join(app.root, 'buildah'), 0o755);
  cli = new Cli(app.root, {
    ...{ PATH: `${app.root}:/usr/bin:/bin`, FLYTE_IMAGE_BUILDER: 'buildah', FLYTE_TASKS_MODULE: MODULE },
    ...{ FLYTE_PROJECT: 'p', FLYTE_DOMAIN: 'd' },
  });
});
afterAll(() => {
  registry.close();
  app.remove();
});

const file = join(app.root, 'flyte.images.json');

it('what was built is what is deployed, whatever lies here', async () => {
  const cluster = await FakeFlyte.start({ isLocalPlane: false });
  const env = { FLYTE_ENDPOINT: cluster.url };
  const without = await cli.run(['deploy'], env);
  expect(without).toMatchObject({ code: 1, stdout: '' });
  expect(without.stderr).toMatch(
    /"cli" has an image that flyte\.images\.json does not name\. Run "npx --no-install nestjs-flyte build/,
  );

  const built = await cli.parsed(Built, ['build', '--registry', host, '--push']);
  expect(built.images).toMatchObject([{ digest: DIGEST, outcome: 'built', pushed: true, environments: ['cli'] }]);
  const image = built.images[0]?.image ?? '';
  expect(image).toMatch(new RegExp(`^${host}/flyte:[0-9a-f]{32}$`));
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ environments: { cli: { image, digest: DIGEST } } });

  const first = await cli.parsed(Deployed, ['deploy'], env);
  expect(cluster.deployed).toHaveLength(3);
  for (const { spec, version } of cluster.deployed) {
    expect(spec?.taskTemplate?.target).toMatchObject({ value: { image: `${image}@${DIGEST}` } });
    expect(version).toBe(first.version);
  }
  // Another file, as where a pipeline deploys without the sources: the name stays, and it is told.
  writeFileSync(join(app.root, 'dist/word.js'), "export const WORD = 'new';\n");
  const changed = await cli.run(['deploy', '--json'], env);
  expect(JSON.parse(changed.stdout)).toMatchObject({ version: first.version, tasks: first.tasks });
  expect(changed.stderr).toMatch(/was built of other files than those that lie here/);
  // Told before Flyte is asked, so that it is heard where that fails.
  await cluster.close();
  expect((await cli.run(['deploy'], env)).stderr).toMatch(/built of other files[^]*^unavailable/m);
});

it('an image that was built for another platform was built of the same files', async () => {
  await cli.json(['build', '--registry', host, '--platform', 'linux/arm64']);
  const { code, stderr } = await cli.run(['deploy', '--dry-run'], { FLYTE_ENDPOINT: 'http://127.0.0.1:1' });
  expect([code, stderr]).toEqual([0, 'Nothing was deployed.\n']);
});

it('a build that still loads what it is to build ends on Ctrl-C', async () => {
  const module = "console.log('loading'); await new Promise(() => setInterval(() => undefined, 2 ** 30));";
  writeFileSync(join(app.root, 'dist/hangs.js'), module);
  const { child, ended } = cli.start(['build', '--module', './dist/hangs.js#Never']);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ code: null });
});

it('a build whose answer nobody reads has written it down, and ends quietly', async () => {
  rmSync(file, { force: true });
  const { code, stderr } = await cli.unread(['build', '--registry', host]);
  expect([code, existsSync(file)]).toEqual([141, true]);
  expect(stderr).not.toContain('EPIPE');
});

it('a build that fails leaves what was built before', async () => {
  writeFileSync(file, '{ "environments": {} }');
  writeFileSync(join(app.root, 'fails'), '');
  const failed = await cli.run(['build', '--registry', 'localhost:1/acme', '--push']);
  rmSync(join(app.root, 'fails'));
  expect(failed).toMatchObject({ code: 1, stdout: '' });
  expect(failed.stderr).toMatch(/^image_build_failed: /m);
  expect(readFileSync(file, 'utf8')).toBe('{ "environments": {} }');
});
