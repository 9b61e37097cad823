import { Module } from '@nestjs/common';
import { CountTasks } from './count.tasks.js';

@Module({ providers: [CountTasks] })
export class TasksModule {}
