import { resolve } from 'node:path';
import { Controller, Get, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  FlyteClient,
  FlyteModule,
  InjectFlyte,
  InjectTask,
  Secret,
  Task,
  TaskEnvironment,
  TaskHandle,
  TaskRegistry,
  taskRef,
  Tasks,
  type FlyteModuleOptions,
} from 'nestjs-flyte';
import { getTaskToken } from 'nestjs-flyte/testing';
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { startApp } from '../support/app.js';
import { ask } from '../support/http.js';
import { FakeFlyte } from './fake-flyte.js';

const signing = new TaskEnvironment({ name: 'signing' });

@Tasks(signing)
class SigningTasks {
  @Task({ inputs: z.object({ text: z.string() }), outputs: z.object({ text: z.string() }) })
  async sign({ text }: { text: string }) {
    return { text };
  }
}
@Tasks(signing)
class SameName {
  @Task() sign() {
    void 0;
  }
}
@Tasks(new TaskEnvironment({ name: 'llm', secrets: new Secret({ key: 'a', asEnvVar: 'KEY' }) }))
class Wrong {
  @Task({ timeout: 300 as never, secrets: new Secret({ key: 'b', asEnvVar: 'KEY' }) }) summarize() {
    void 0;
  }
  @Task({ inputs: z.object({ at: z.set(z.string()) }) }) index(inputs: { at: Set<string> }) {
    void inputs;
  }
}
@Tasks()
class Homeless {
  @Task() tidy() {
    void 0;
  }
}

const root = (options: FlyteModuleOptions = {}) =>
  FlyteModule.forRoot({ endpoint: 'http://127.0.0.1:1', project: 'p', domain: 'd', ...options });
const closing: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).toReversed()) await one.close();
});
const start = async (metadata: Parameters<typeof Test.createTestingModule>[0]) => {
  const module = await Test.createTestingModule(metadata).compile();
  await module.init();
  // Only what has started: Nest 11 rejects the closing of an app, too, with what its start failed with.
  closing.push(module);
  return module;
};

describe('at start', () => {
  it('everything that is wrong with tasks is one message', async () => {
    const Contract = taskRef('other.task', { outputs: z.symbol() });
    const imports = [root(), FlyteModule.forFeature([SigningTasks, Contract])];
    const failure: unknown = await start({ imports, providers: [Wrong, SameName] }).catch((reason: unknown) => reason);
    expect(failure).toMatchObject({ code: 'invalid_configuration' });
    const lines = String(failure).split('\n');
    for (const expected of [
      /Task Wrong\.summarize: option "timeout" is the bare number 300/,
      /Task Wrong\.summarize: Secret a as KEY and Secret b as KEY claim one variable, KEY/,
      /Task Wrong\.index: inputs\.at/,
      /Two tasks are named "signing\.sign"/,
      /taskRef other\.task: outputs/,
    ]) {
      expect(lines.filter((line) => expected.test(line))).toHaveLength(1);
    }
  });

  it('the file of tasks.module is there, where actions run on this machine', async () => {
    const tasks = { module: './dist/gone.js#TasksModule', image: 'registry.example.com/app:1' };
    const begin = (endpoint: string, providers = [SigningTasks]): Promise<unknown> =>
      start({ imports: [root({ endpoint, tasks })], providers });
    const failure: unknown = await begin('http://127.0.0.1:1').catch((reason: unknown) => reason);
    expect(failure).toMatchObject({ code: 'invalid_configuration' });
    expect(String(failure)).toContain(`"tasks.module": there is no file ${resolve('dist/gone.js')}`);
    expect(String(failure)).toContain(`looked for in ${process.cwd()}`);
    // Elsewhere, the image has it; and an app without tasks of its own runs none.
    await expect(begin('https://flyte.example.com')).resolves.toBeDefined();
    await expect(begin('http://127.0.0.1:1', [])).resolves.toBeDefined();
  });

  it('the options of tasks are checked', async () => {
    const refused = async (options: object): Promise<string> =>
      start({ imports: [root(options)] }).then(
        () => 'none',
        (error: unknown) => String(error),
      );
    expect(await refused({ tasks: { module: './tasks.js' } })).toMatch(/Option "tasks\.module": give file and export/);
    // As where a variable is not set.
    expect(await refused({ tasks: { version: undefined } })).toMatch(/Option "tasks": give "version".*or "module"/);
    expect(await refused({ tasks: { version: 'v1' } })).toBe('none');
    for (const version of ['latest', 'current']) {
      expect(await refused({ tasks: { module: './a.js#A', version } })).toMatch(
        /Option "tasks\.version": "latest" and "current" name no one version: give the one that was deployed/,
      );
    }
    expect(await refused({ tasks: { module: './a.js#A', versoin: 'x' } })).toMatch(/"tasks\.versoin": unknown/);
    expect(await refused({ defaultEnvironment: { name: 'x' } })).toMatch(
      /"defaultEnvironment": give a TaskEnvironment/,
    );
  });

  it('a feature without tasks is named', () => {
    expect(() => FlyteModule.forFeature([class Plain {}])).toThrow(/Plain has no task/);
    expect(() => FlyteModule.forFeature([undefined as never])).toThrow(/undefined has no task/);
  });
});

describe('the registry', () => {
  it('has the tasks of providers and features, under the default environment where they name none', async () => {
    const defaultEnvironment = new TaskEnvironment({ name: 'mine' });
    const imports = [root({ defaultEnvironment }), FlyteModule.forFeature([SigningTasks])];
    const module = await start({ imports, providers: [Homeless] });
    const registry = module.get(TaskRegistry);
    expect(registry.all().map(({ name }) => name)).toEqual(['mine.tidy', 'signing.sign']);
    expect(registry.find('signing.sign')).toMatchObject({ type: SigningTasks, method: 'sign' });
    expect(module.get(FlyteClient).task(Homeless, 'tidy').name).toBe('mine.tidy');
  });

  it('of two apps in one process are two', async () => {
    const one = await start({ imports: [root()], providers: [Homeless] });
    const other = await start({ imports: [root()], providers: [SigningTasks] });
    expect(one.get(TaskRegistry).all()).toHaveLength(1);
    expect(
      other
        .get(TaskRegistry)
        .all()
        .map(({ name }) => name),
    ).toEqual(['signing.sign']);
  });
});

describe('forFeature', () => {
  it('of a named connection runs there', async () => {
    const [here, there] = [await FakeFlyte.start(), await FakeFlyte.start()];
    closing.push(here, there);
    class Caller {
      constructor(
        @InjectTask(SigningTasks, 'sign') readonly sign: TaskHandle<SigningTasks['sign']>,
        @InjectFlyte('eu') readonly eu: FlyteClient,
      ) {}
    }
    const tasks = { module: './libs/flyte/dist/index.js#FlyteModule' };
    const module = await start({
      imports: [
        root({ endpoint: here.url, tasks }),
        FlyteModule.forRoot({ name: 'eu', endpoint: there.url, project: 'p2', domain: 'd', tasks }),
        FlyteModule.forFeature([SigningTasks], 'eu'),
      ],
      providers: [Caller],
    });
    const caller = module.get(Caller);
    await caller.sign.run({ text: 'x' });
    await caller.eu.with({ project: 'p3' }).task(SigningTasks, 'sign').run({ text: 'x' });
    expect(here.runs.size).toBe(0);
    expect([...there.runs.values()].map(({ request }) => request.id)).toMatchObject([
      { value: { project: 'p2' } },
      { value: { project: 'p3' } },
    ]);
  });

  it('in two modules gives each its own handle, and a forgotten one is an error that names the task', async () => {
    class First {
      constructor(@InjectTask(SigningTasks, 'sign') readonly sign: TaskHandle<SigningTasks['sign']>) {}
    }
    @Module({ imports: [FlyteModule.forFeature([SigningTasks])], providers: [First] })
    class FirstModule {}
    const module = await start({ imports: [root(), FirstModule] });
    expect(module.get(First, { strict: false }).sign.name).toBe('signing.sign');
    expect(getTaskToken(SigningTasks, 'sign').toString()).toContain('SigningTasks.sign: import FlyteModule.forFeature');
    await expect(start({ imports: [root()], providers: [First] })).rejects.toThrow(/the handle of SigningTasks\.sign/);
  });
});

describe('over HTTP', () => {
  it('bad inputs are 400 naming the field, an unknown task 404, a failed run 502', async () => {
    const plane = await FakeFlyte.start();
    closing.push(plane);
    @Controller()
    class Runs {
      constructor(readonly flyte: FlyteClient) {}
      @Get('bad') bad() {
        return this.flyte.runs.create('signing.sign', { text: 5 });
      }
      @Get('unknown') unknown() {
        return this.flyte.runs.create('signing.typo', {});
      }
      @Get('failed') async failed() {
        const run = await this.flyte.task(SigningTasks, 'sign').run({ text: 'x' });
        plane.run.fail('secret inner matters');
        return run.outputs();
      }
    }
    const imports = [
      root({ endpoint: plane.url, tasks: { module: './libs/flyte/dist/index.js#FlyteModule' } }),
      FlyteModule.forFeature([SigningTasks]),
    ];
    const { app, url } = await startApp({ imports, controllers: [Runs] });
    closing.push(app);
    expect(await ask(url, '/bad')).toMatchObject({ status: 400, text: expect.stringContaining('inputs.text') });
    expect(await ask(url, '/unknown')).toMatchObject({ status: 404 });
    const failed = await ask(url, '/failed');
    expect(failed.status).toBe(502);
    expect(failed.text).not.toContain('inner matters');
  });
});
