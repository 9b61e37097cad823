import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { FlyteError } from '../errors/flyte-error.js';
import { type ActionScope, runInAction } from '../action/action-scope.js';
import { TaskContext } from './task-context.js';

const info = (run: string): ActionScope => ({
  ...{ run, action: 'a0', task: 'e.m', version: 'v', attempt: 1, project: 'p', domain: 'd', org: '' },
  ...{ signal: new AbortController().signal, logger: new Logger() },
  ...{ rawDataPath: '/raw', outputsPath: '/out', checkpointPath: '/kept', prevCheckpoint: undefined },
  ...{
    module: 'm',
    codeBundle: undefined,
    group: undefined,
    report: { tabs: new Map(), isFlushed: true },
    redact: String,
    children: async () => Promise.reject(new Error('none')),
  },
});

describe('TaskContext', () => {
  it('throws outside an action, from each of its properties', async () => {
    const ctx = new TaskContext();
    const properties = Object.getOwnPropertyNames(TaskContext.prototype).filter((name) => name !== 'constructor');
    expect(properties).toHaveLength(15);
    for (const name of properties.filter((one) => one !== 'trace')) {
      const use = (): unknown => {
        const property: unknown = Reflect.get(ctx, name);
        return typeof property === 'function' ? Reflect.apply(property, ctx, []) : property;
      };
      expect(use).toThrow(
        expect.objectContaining({ code: 'misuse', message: expect.stringContaining(`TaskContext.${name} `) }),
      );
    }
    expect(() => ctx.run).toThrow(FlyteError);
    await expect(ctx.trace('step', {}, () => 1)).rejects.toMatchObject({ code: 'misuse' });
  });

  it('is that of the action around it, also where several run at once', async () => {
    const ctx = new TaskContext();
    const runs = await Promise.all(
      ['r1', 'r2', 'r3'].map((run, at) =>
        runInAction(info(run), async () => {
          await sleep(5 - at);
          return ctx.run;
        }),
      ),
    );
    expect(runs).toEqual(['r1', 'r2', 'r3']);
  });

  it('lets a plain object stand in', () => {
    const ctx: Pick<TaskContext, 'run' | 'progress'> = { run: 'r9', progress: () => undefined };
    expect(ctx.run).toBe('r9');
  });
});
