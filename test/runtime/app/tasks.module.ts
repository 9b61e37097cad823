import { Module } from '@nestjs/common';
import { FlyteModule } from 'nestjs-flyte';
import { CallingTasks, Counter, DemoTasks, Greeter, PlainTasks, ScopedTasks } from './demo.tasks.js';

@Module({ providers: [DemoTasks, ScopedTasks, PlainTasks, Greeter, Counter] })
export class TasksModule {}

/** As an app would have it: its own endpoint and its demand for credentials are of no use in an action. */
@Module({
  imports: [FlyteModule.forRoot({ passthrough: true, endpoint: 'https://outside.example' }), TasksModule],
  providers: [CallingTasks],
})
export class ConnectedModule {}

export const later = Promise.resolve({ module: TasksModule });

export const noModule = 42;
