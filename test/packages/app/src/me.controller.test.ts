// Run by Jest, whose globals are as those of Vitest, which this repository has.
/// <reference types="vitest/globals" />
import { Test } from '@nestjs/testing';
import { fakeTask, FlyteTestingModule } from 'nestjs-flyte/testing';
import { CountTasks } from './count.tasks.js';
import { MeController } from './me.controller.js';

it('asks as the caller, and runs the task', async () => {
  const count = fakeTask(CountTasks, 'count', ({ text }) => ({ words: text.length, key: 0 }));
  const module = await Test.createTestingModule({
    imports: [FlyteTestingModule.forRoot({ user: { subject: 'alice', name: 'Alice' } })],
    controllers: [MeController],
    providers: [count],
  }).compile();
  const me = module.get(MeController);
  expect(await me.me()).toEqual({ subject: 'alice', name: 'Alice' });
  expect(await me.count('text')).toEqual({ words: 4, key: 0 });
});
