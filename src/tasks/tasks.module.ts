import { Module } from '@nestjs/common';
import { LlmTasks } from './llm.tasks.js';
import { SigningTasks } from './signing.tasks.js';

/** What a task's process starts: the tasks, and what they inject. No HTTP, no controllers. */
@Module({ providers: [SigningTasks, LlmTasks] })
export class TasksModule {}
