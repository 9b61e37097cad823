import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { actionArguments } from 'nestjs-flyte/protocol';
import type { TaskSpec } from 'nestjs-flyte/idl/task/task_definition';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientsFor, DOMAIN, PROJECT, startRun, taskOf, type ExecutionClients } from './execution-support.js';
import { failure, temporaryFolder } from './support.js';

const FAILED_PRECONDITION = 9;
const app = temporaryFolder();
let plane: LocalControlPlane;
let clients: ExecutionClients;
beforeAll(async () => {
  plane = await startLocalControlPlane({ port: 0, state: ':memory:', workingDirectory: app });
  clients = await clientsFor(plane);
  mkdirSync(join(app, 'dist', 'folder.js'), { recursive: true });
});
afterAll(() => plane.close());

/** A task as `nestjs-flyte` deploys it. */
function task(module: string): TaskSpec {
  const args = actionArguments({ task: 'demo.hello', version: 'v1', module });
  return taskOf('', [], { target: { case: 'container', value: { command: ['nestjs-flyte'], args } } });
}

const deploy = (module: string) =>
  clients.tasks.deployTask({
    taskId: { project: PROJECT, domain: DOMAIN, name: 'demo.hello', version: 'v1' },
    spec: task(module),
  });

describe('the module of a task', () => {
  it.each(['./dist/gone.js#TasksModule', './dist/folder.js#TasksModule'])(
    'is missed when the task is deployed, and when a run brings it: %s',
    async (module) => {
      for (const error of [await failure(deploy(module)), await failure(startRun(clients, task(module)))]) {
        expect(error.code).toBe(FAILED_PRECONDITION);
        expect(error.rawMessage).toContain(join(app, module.slice(2).split('#')[0] ?? ''));
        expect(error.rawMessage).toContain(`looked for in ${app}, the working directory of the local control plane`);
        expect(error.rawMessage).toContain('--working-directory');
      }
    },
  );

  it('is refused without such an export, which is never found out by executing it', async () => {
    const trace = join(app, 'executed');
    const executed = `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(trace)}, '');\n`;
    const imported = `import { TasksModule } from './tasks.module.js';\n`;
    writeFileSync(
      join(app, 'dist', 'typo.js'),
      `${executed}${imported}export class TaskModule {}\nexport { a as b };\nexport const $x1 = TasksModule;\n`,
    );
    const error = await failure(deploy('./dist/typo.js#TasksModule'));
    expect(error.code).toBe(FAILED_PRECONDITION);
    expect(error.rawMessage).toContain(
      'has no export "TasksModule". It exports TaskModule, $x1, b. It was looked for in',
    );
    await expect(deploy('./dist/typo.js#TaskModule')).resolves.toBeDefined();
    expect(await failure(startRun(clients, task('./dist/typo.js#a')))).toMatchObject({ code: FAILED_PRECONDITION });
    expect(() => writeFileSync(trace, '', { flag: 'wx' })).not.toThrow();
  });

  it.each([
    ['a class', 'export class TasksModule {}'],
    ['a class that is decorated', 'let TasksModule = class TasksModule {};\nexport { TasksModule };'],
    ['a list', 'export {\n  one,\n  two as TasksModule,\n};'],
    ['a minified list', 'class a{}export{b,a as TasksModule};'],
    ['a promise', 'export const TasksModule = forRoot();'],
    ['a function', 'export async function TasksModule() {}'],
    ['CommonJS', 'exports.TasksModule = TasksModule;'],
    ['CommonJS by name', 'exports["TasksModule"] = a;'],
    ['CommonJS of swc', 'Object.defineProperty(exports, "TasksModule", { enumerable: true, get() {} });'],
    ['a re-export', "export * from './tasks.module.js';"],
    ['a re-export in CommonJS', '__exportStar(require("./tasks"), exports);'],
    ['a bundle', '__webpack_require__.d(__webpack_exports__, { TasksModule: () => a });'],
    ['a whole module', 'module.exports = { TasksModule };'],
    ['what is taken apart', 'export const { TasksModule } = modules;'],
  ])('may be %s', async (_what, text) => {
    writeFileSync(join(app, 'dist', 'form.js'), text);
    await expect(deploy('./dist/form.js#TasksModule')).resolves.toBeDefined();
  });

  it('is not looked for where a task is run by another program', async () => {
    const spec = taskOf(join(app, 'gone.mjs'));
    const taskId = { project: PROJECT, domain: DOMAIN, name: 'demo.python', version: 'v1' };
    await expect(clients.tasks.deployTask({ taskId, spec })).resolves.toBeDefined();
  });
});
