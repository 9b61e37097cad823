// The least module of tasks. Its task says how much CPU its process has used so far.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { Task, TaskEnvironment, Tasks } from 'nestjs-flyte';
import { sayFirstLine } from './support/first-line.js';

const bench = new TaskEnvironment({ name: 'bench' });

@Tasks(bench)
export class FirstLineTasks {
  @Task({}) async firstLine(): Promise<void> {
    sayFirstLine();
  }
}

@Module({ providers: [FirstLineTasks] })
export class FirstLineModule {}
