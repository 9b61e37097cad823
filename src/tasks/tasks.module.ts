import { Module } from '@nestjs/common';
import { FlyteModule } from 'nestjs-flyte';
import { LlmTasks } from './llm.tasks.js';
import { ItemTasks, OrderTasks } from './order.tasks.js';
import { SigningTasks } from './signing.tasks.js';

/** What a task's process starts: the tasks, and what they inject. No HTTP, no controllers. */
@Module({
  // For the handle by which an order calls its items.
  imports: [FlyteModule.forRoot(), FlyteModule.forFeature([ItemTasks])],
  providers: [SigningTasks, LlmTasks, ItemTasks, OrderTasks],
})
export class TasksModule {}
