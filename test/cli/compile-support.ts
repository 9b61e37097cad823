import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, vi } from 'vitest';
import { Cli } from './support.js';

// Each command is a process of its own, and on a busy machine takes its time to start.
vi.setConfig({ testTimeout: 600_000 });

export const root = mkdtempSync(join(tmpdir(), 'nestjs-flyte-compile-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
export const cli = new Cli(root, { FLYTE_PROJECT: 'p', FLYTE_DOMAIN: 'd', FLYTE_ENDPOINT: 'http://127.0.0.1:1' });

export function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** A module of one task, with further lines before the class of its tasks, and in its method. */
export function tasksModule(before = '', body = ''): string {
  return `
import { Module } from '@nestjs/common';
import { Task, TaskEnvironment, Tasks } from 'nestjs-flyte';
import * as z from 'zod';
${before}
class Texts {
  async say({ text }) {
    ${body}
    return { text };
  }
}
const text = z.object({ text: z.string() });
Task({ inputs: text, outputs: text })(Texts.prototype, 'say', Object.getOwnPropertyDescriptor(Texts.prototype, 'say'));
Tasks(new TaskEnvironment({ name: 'compiled' }))(Texts);
export class TasksModule {}
Module({ providers: [Texts] })(TasksModule);
`;
}

write('package.json', '{ "type": "module", "version": "1.2.3" }');
mkdirSync(join(root, 'node_modules'));
for (const name of ['nestjs-flyte', '@nestjs', 'zod', 'reflect-metadata', 'rxjs'])
  symlinkSync(resolve('node_modules', name), join(root, 'node_modules', name));
write('dist/tasks.module.js', tasksModule());

export const module = './dist/tasks.module.js#TasksModule';
