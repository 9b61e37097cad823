import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type * as z from 'zod';

const BIN = resolve('libs/flyte/bin/nestjs-flyte.js');

export const MODULE = './dist/tasks.module.js#TasksModule';

/** An app as a build leaves it. The constructor of a provider tells, by a file, that it was made. */
const TASKS = `
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { Image, Task, TaskEnvironment, Tasks } from 'nestjs-flyte';
import * as z from 'zod';
import { WORD } from './word.js';

const image = Image.fromBase('busybox').withSourceFile('dist/word.js');
export const environment = new TaskEnvironment({ name: 'cli', image });

class Texts {
  constructor() {
    writeFileSync('made', '');
  }
  async repeat({ text, times, more }) {
    console.log('repeating');
    return { text: text.repeat(times), more: more.join(), word: WORD };
  }
  async fail() {
    throw new Error('it fails, as it must');
  }
  async wait() {
    console.log('waiting');
    await sleep(2 ** 31 - 1);
  }
}
const task = (name, options) => Task(options)(Texts.prototype, name, Object.getOwnPropertyDescriptor(Texts.prototype, name));
task('repeat', {
  inputs: z.object({ text: z.string(), times: z.int().default(2), more: z.array(z.number()).default([]) }),
  outputs: z.object({ text: z.string(), more: z.string(), word: z.string() }),
});
task('fail', { retries: 1 });
task('wait', {});
Tasks(environment)(Texts);

export class TasksModule {}
Module({ providers: [Texts] })(TasksModule);
export class EmptyModule {}
Module({})(EmptyModule);
`;

/** Builds an app in a folder of its own, which is removed when the tests are done. */
export function createApp(): { readonly root: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'nestjs-flyte-cli-'));
  mkdirSync(join(root, 'dist'));
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{ "type": "module", "version": "1.2.3" }');
  writeFileSync(join(root, 'dist/tasks.module.js'), TASKS);
  writeFileSync(join(root, 'dist/word.js'), "export const WORD = 'old';\n");
  writeFileSync(join(root, 'dist/broken.js'), "throw new Error('this module is broken');");
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** The command `nestjs-flyte` in a folder, with variables and no others of its own. */
export class Cli {
  /** All that any command wrote. */
  written = '';

  constructor(
    readonly root: string,
    readonly env: Readonly<Record<string, string>>,
  ) {}

  /** @param input standard input */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}, input: string | Buffer = ''): Started {
    const child = this.#spawn(args, env);
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
      ([stdout, stderr, [code]]): Ended => {
        this.written += stdout + stderr;
        return { code: typeof code === 'number' ? code : null, stdout, stderr };
      },
    );
    return { child, ended };
  }

  run(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    input: string | Buffer = '',
  ): Promise<Ended> {
    return this.start(args, env, input).ended;
  }

  /** A command whose answer nobody reads. */
  async unread(args: readonly string[]): Promise<Omit<Ended, 'stdout'>> {
    const child = this.#spawn(args, {});
    child.stdin.end();
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    return { code: typeof code === 'number' ? code : null, stderr };
  }

  /** What a command answers in JSON. */
  async json(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const { code, stdout, stderr } = await this.run([...args, '--json'], env);
    if (code !== 0) throw new Error(`nestjs-flyte ${args.join(' ')} ended with ${code}:\n${stderr}`);
    return JSON.parse(stdout);
  }

  /** The same, of which some is to be used. */
  async parsed<T>(
    schema: z.ZodType<T>,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    return schema.parse(await this.json(args, env));
  }

  #spawn(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcessWithoutNullStreams {
    const { PATH = '', TMPDIR } = process.env;
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: this.root,
      env: { PATH, HOME: this.root, ...(TMPDIR !== undefined && { TMPDIR }), ...this.env, ...env },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  }
}
