import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { FlyteModule, InjectTask, Task, TaskEnvironment, type TaskHandle, taskRef, Tasks } from 'nestjs-flyte';
import { expect, it } from 'vitest';
import * as z from 'zod';

@Tasks(new TaskEnvironment({ name: 'signing' }))
class SigningTasks {
  @Task({ inputs: z.object({ text: z.string() }), outputs: z.string() })
  async sign({ text }: { text: string }) {
    return text;
  }
}
const Train = taskRef('training.train', { outputs: z.number() });

@Injectable()
class Caller {
  constructor(
    @InjectTask(SigningTasks, 'sign') readonly sign: TaskHandle<SigningTasks['sign']>,
    @InjectTask(Train) readonly train: TaskHandle<typeof Train>,
  ) {}
}

const flyte = { endpoint: 'http://127.0.0.1:1', project: 'p1', domain: 'development' };

it('forFeature works in a module that does not see the clients of one that is not global', async () => {
  @Module({ imports: [FlyteModule.forFeature([SigningTasks, Train])], providers: [Caller], exports: [Caller] })
  class Feature {}
  for (const root of [
    FlyteModule.forRoot({ ...flyte, isGlobal: false }),
    FlyteModule.forRootAsync({ isGlobal: false, useFactory: async () => flyte }),
  ]) {
    for (const imports of [
      [Feature, root],
      [root, Feature],
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      const module = await Test.createTestingModule({ imports }).compile();
      // oxlint-disable-next-line no-await-in-loop
      await module.init();
      const { sign, train } = module.get(Caller);
      expect([sign.name, train.name]).toEqual(['signing.sign', 'training.train']);
      // oxlint-disable-next-line no-await-in-loop
      await module.close();
    }
  }
});

it.each([
  [undefined, /found no FlyteModule in the app\. Import FlyteModule\.forRoot/],
  ['eu', /found no FlyteModule with the name "eu"/],
])('forFeature without its connection says so at start (%s)', async (connection, message) => {
  const imports = [FlyteModule.forFeature([Train], connection)];
  if (connection !== undefined) imports.push(FlyteModule.forRoot(flyte));
  const module = await Test.createTestingModule({ imports }).compile();
  await expect(module.init()).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringMatching(message),
  });
});

it('a missing forFeature is named by the error of the injection', async () => {
  const compile = (type: new (...args: never[]) => unknown) =>
    Test.createTestingModule({ imports: [FlyteModule.forRoot(flyte)], providers: [type] }).compile();
  await expect(compile(Caller)).rejects.toThrow(/FlyteModule\.forFeature\(\[SigningTasks\]\)/);
  @Injectable()
  class Trainer {
    constructor(@InjectTask(Train) readonly train: TaskHandle<typeof Train>) {}
  }
  await expect(compile(Trainer)).rejects.toThrow(/training\.train: import FlyteModule\.forFeature/);
});
