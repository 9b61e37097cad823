import { Module } from '@nestjs/common';
import {
  buildTaskSpec,
  FlyteModule,
  Image,
  Task,
  TaskEnvironment,
  TaskRegistry,
  Tasks,
  type ImageLike,
} from 'nestjs-flyte';
import { describe, expect, it } from 'vitest';
import { startApp, type Running } from '../support/app.js';

const CLUSTER = 'https://flyte.example.com';

/** An app with one task, in an environment with or without an image. */
function start(endpoint: string, image?: ImageLike, fallback?: ImageLike): Promise<Running> {
  @Tasks(new TaskEnvironment({ name: 'pictured', image }))
  class Pictured {
    @Task() async draw(): Promise<void> {}
  }
  @Module({ providers: [Pictured] })
  class TasksModule {}
  const tasks = { module: './libs/flyte/dist/index.js#FlyteModule', version: 'v1', image: fallback };
  return startApp({ imports: [FlyteModule.forRoot({ endpoint, project: 'p', domain: 'd', tasks }), TasksModule] });
}

const built = Image.fromNodeBase({ node: '24' }).withCommands('true');

describe('the image of an environment', () => {
  it('must be known to a cluster, and to one that can pull it', async () => {
    await expect(start(CLUSTER)).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringMatching(/environment "pictured" has no image.*"tasks\.image"/),
    });
    await expect(start(CLUSTER, built)).rejects.toThrow(/"pictured" has an image without a registry/);
  });

  const known: [what: string, image?: ImageLike, fallback?: ImageLike][] = [
    ['a name', 'ghcr.io/acme/tasks:1'],
    ['one of the module', undefined, 'ghcr.io/acme/tasks:1'],
    ['an Image with a registry', built.clone({ registry: 'ghcr.io/acme', name: 'tasks' })],
    ['an Image that is used as it is', Image.fromBase('ghcr.io/acme/tasks:1')],
  ];
  it.each(known)('may be %s, and its full name is in the TaskSpec', async (_what, image, fallback) => {
    await using app = await start(CLUSTER, image, fallback);
    const [task] = app.app.get(TaskRegistry).all();
    if (!task) throw new Error('the app has no task');
    const target = { project: 'p', domain: 'd', version: 'v1', module: './m.js#M', image: fallback };
    const container = buildTaskSpec(task, target).taskTemplate?.target;
    const expected = [image, fallback].map((one) => (typeof one === 'object' ? one.fullName : one)).find(Boolean);
    expect(container).toMatchObject({ case: 'container', value: { image: expected } });
    expect(expected).toMatch(/^ghcr\.io\/acme\/tasks:[0-9a-f]+$/);
  });

  it('is not needed on the local control plane', async () => {
    await using app = await start('http://127.0.0.1:8090');
    expect(app.app.get(TaskRegistry).all()).toHaveLength(1);
  });
});
