import { Module } from '@nestjs/common';
import { ByteTasks, WordTasks } from './words.tasks.js';

@Module({ providers: [WordTasks, ByteTasks] })
export class TasksModule {}
