import { Module } from '@nestjs/common';
import { FlyteModule } from 'nestjs-flyte';
import { Counter, DemoTasks, Greeter, PlainTasks, ScopedTasks } from './demo.tasks.js';

@Module({ providers: [DemoTasks, ScopedTasks, PlainTasks, Greeter, Counter] })
export class TasksModule {}

/** As an app would have it: with the connection, which in an action comes from Flyte's variables. */
@Module({ imports: [FlyteModule.forRoot({ passthrough: true }), TasksModule] })
export class ConnectedModule {}

export const later = Promise.resolve({ module: TasksModule });

export const noModule = 42;
