// A module of many classes, whose methods are tasks or not, and the time that it takes to declare and to start it.
import 'reflect-metadata';
import { Injectable, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlyteModule, Task, TaskEnvironment, TaskRegistry, Tasks } from 'nestjs-flyte';
import * as z from 'zod';
import { answerParent, given } from './support/parent.js';

export interface Discovery {
  readonly classes: number;
  readonly tasksEach: number;
  /** Whether the methods are tasks. */
  readonly decorated: boolean;
}

const { classes, tasksEach, decorated } = given<Discovery>();

function declare(index: number): Type {
  class Declared {}
  const methods = Array.from({ length: tasksEach }, (_, method) => `task${method}`);
  for (const name of methods) {
    const value = async ({ n }: { n: number }): Promise<number> => n + 1;
    Object.defineProperty(Declared.prototype, name, { value, writable: true, configurable: true });
    const descriptor: TypedPropertyDescriptor<typeof value> = { value, writable: true, configurable: true };
    if (decorated)
      Task({ inputs: z.object({ n: z.number() }), outputs: z.number() })(Declared.prototype, name, descriptor);
  }
  if (decorated) Tasks(new TaskEnvironment({ name: `env${index}` }))(Declared);
  else Injectable()(Declared);
  return Declared;
}

async function bootstrap(): Promise<{ ms: number; cpuMs: number; tasks: number }> {
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  const providers = Array.from({ length: classes }, (_, index) => declare(index));
  class ManyTasks {}
  Module({ imports: [FlyteModule.forRoot({ endpoint: 'http://127.0.0.1:1' })], providers })(ManyTasks);
  const app = await NestFactory.createApplicationContext(ManyTasks, { logger: false });
  const tasks = app.get(TaskRegistry).all().length;
  const { user, system } = process.cpuUsage(cpu);
  const ms = performance.now() - began;
  await app.close();
  return { ms, cpuMs: (user + system) / 1e3, tasks };
}

answerParent({ bootstrap });
