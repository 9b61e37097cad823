import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import {
  FlyteClient,
  FlyteModule,
  Image,
  Task,
  TaskEnvironment,
  TaskRegistry,
  Tasks,
  type ImageLike,
} from 'nestjs-flyte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startApp, type Running } from '../support/app.js';
import { freePort } from '../support/http.js';
import { startPlane } from '../support/plane.js';
import { FakeFlyte } from './fake-flyte.js';

const CLUSTER = 'https://flyte.example.com';
const DIGEST = `sha256:${'a'.repeat(64)}`;

/** The app's root, where the build's file lies. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'app-'));
  writeFileSync(join(root, 'tasks.js'), '');
  vi.spyOn(process, 'cwd').mockReturnValue(root);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});

const wasBuilt = (image: string, digest?: string): void =>
  writeFileSync(join(root, 'flyte.images.json'), JSON.stringify({ environments: { pictured: { image, digest } } }));

interface Setup {
  readonly endpoint?: string;
  readonly image?: ImageLike | undefined;
  readonly fallback?: ImageLike | undefined;
  readonly version?: string;
}

/** An app with one task, in an environment with or without an image. */
function start({ endpoint = CLUSTER, image, fallback, version }: Setup): Promise<Running> {
  @Tasks(new TaskEnvironment({ name: 'pictured', image }))
  class Pictured {
    @Task() async draw(): Promise<void> {}
  }
  @Module({ providers: [Pictured] })
  class TasksModule {}
  const tasks = { module: './tasks.js#FlyteModule', version, image: fallback };
  return startApp({ imports: [FlyteModule.forRoot({ endpoint, project: 'p', domain: 'd', tasks }), TasksModule] });
}

const run = (app: Running): Promise<unknown> => app.app.get(FlyteClient).runs.create('pictured.draw');

const built = Image.fromNodeBase({ node: '24' }).withNpmProject('nowhere');
const pushed = built.clone({ registry: 'ghcr.io/acme', name: 'tasks' });

describe('the image of an environment', () => {
  it('must be known to a cluster when the app starts, and pulled by it', async () => {
    await expect(start({})).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringMatching(/environment "pictured" has no image.*"tasks\.image".*"tasks\.version"/),
    });
    await expect(start({ image: pushed })).rejects.toThrow(
      /has an image that flyte\.images\.json does not name.*build/,
    );
    wasBuilt('flyte:1');
    await expect(start({ image: built })).rejects.toThrow(/"pictured" has an image without a registry, flyte:1/);
    writeFileSync(join(root, 'flyte.images.json'), '{"environments": 1}');
    await expect(start({ image: pushed })).rejects.toThrow(/flyte\.images\.json is not what a build writes/);
  });

  const known: [what: string, setup: Setup, name: string][] = [
    ['a name', { image: 'ghcr.io/acme/tasks:1' }, 'ghcr.io/acme/tasks:1'],
    ['one of the module', { fallback: 'ghcr.io/acme/tasks:1' }, 'ghcr.io/acme/tasks:1'],
    ['what a build named', { image: pushed }, `ghcr.io/acme/built:2@${DIGEST}`],
    ['what a build named for the module', { fallback: pushed }, `ghcr.io/acme/built:2@${DIGEST}`],
    ['an Image that is used as it is', { image: Image.fromBase('ghcr.io/acme/tasks:1') }, 'ghcr.io/acme/tasks:1'],
  ];
  it.each(known)('may be %s, with no file hashed, and is in the TaskSpec', async (_what, setup, name) => {
    wasBuilt('ghcr.io/acme/built:2', DIGEST);
    await (await start(setup)).app.close();
    const flyte = await FakeFlyte.start({ isLocalPlane: false });
    const app = await start({ ...setup, endpoint: flyte.url });
    await run(app);
    await app.app.get(FlyteClient).tasks.deploy();
    const [spec] = flyte.deployed.map((one) => one.spec);
    expect(flyte.run.request.task).toMatchObject({ case: 'taskSpec', value: { taskTemplate: spec?.taskTemplate } });
    expect(spec?.taskTemplate?.target).toMatchObject({ case: 'container', value: { image: name } });
    await app.app.close();
    await flyte.close();
  });

  it('is not needed by an app that runs deployed tasks, and no image is looked at', async () => {
    await (await start({ image: pushed, version: 'v7' })).app.close();
    const flyte = await FakeFlyte.start({ isLocalPlane: false });
    const app = await start({ image: pushed, version: 'v7', endpoint: flyte.url });
    await run(app);
    expect(flyte.run.request.task).toMatchObject({
      case: 'taskId',
      value: { project: 'p', domain: 'd', name: 'pictured.draw', version: 'v7' },
    });
    await app.app.close();
    await flyte.close();
  });

  it('is needed by whatever else listens on this machine', async () => {
    const flyte = await FakeFlyte.start({ isLocalPlane: false });
    const app = await start({ endpoint: flyte.url });
    await expect(run(app)).rejects.toThrow(/environment "pictured" has no image/);
    expect(flyte.runs.size).toBe(0);
    await app.app.close();
    await flyte.close();
  });

  it('is not needed on the local control plane, which says so itself; nor is a deployment', async () => {
    await using plane = await startPlane({ workingDirectory: root });
    const { headers } = await fetch(`${plane.url}/healthz`);
    expect(headers.get('server')).toBe('nestjs-flyte-local');
    const flyte = await FakeFlyte.start();
    for (const setup of [{}, { image: pushed }, { image: pushed, version: 'v7' }]) {
      const app = await start({ ...setup, endpoint: flyte.url });
      await run(app);
      expect(app.app.get(TaskRegistry).all()).toHaveLength(1);
      await app.app.close();
    }
    const tasks = [...flyte.runs.values()].map(({ request }) => request.task);
    expect(tasks).toMatchObject(Array.from({ length: 3 }, () => ({ case: 'taskSpec' })));
    await flyte.close();
  });

  it('is asked for again where nobody answered', async () => {
    const port = await freePort();
    const app = await start({ endpoint: `http://127.0.0.1:${port}` });
    await expect(run(app)).rejects.toMatchObject({ code: 'unavailable' });
    const flyte = await FakeFlyte.start({ port });
    await run(app);
    expect(flyte.run.name).not.toBe('');
    await app.app.close();
    await flyte.close();
  });
});
