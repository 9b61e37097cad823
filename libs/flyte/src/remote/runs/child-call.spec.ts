import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runInAction, type ActionScope } from '../../action/action-scope.js';
import type { ChildActions, ChildTask } from '../../action/child-actions.js';
import { FlyteError } from '../../errors/flyte-error.js';
import { OutputsSchema } from '../../gen/flyteidl2/task/common_pb.js';
import { TaskSpecSchema } from '../../gen/flyteidl2/task/task_definition_pb.js';
import { Task, Tasks } from '../../tasks/task.decorators.js';
import { TaskEnvironment } from '../../tasks/task-environment.js';
import { createTaskRegistry } from '../../tasks/task-registry.js';
import { createTaskImages } from '../tasks/task-images.js';
import { callChild } from './child-call.js';
import { runnableDefinition, type RunCreation } from './run-creation.js';
import type { RunOptions } from './run-options.js';

function tasksOf(name: string, image?: string): new () => object {
  @Tasks(new TaskEnvironment({ name, image, queue: `${name}-queue` }))
  class Some {
    @Task() one() {
      void 0;
    }
    @Task() other() {
      void 0;
    }
  }
  return Some;
}

/** What an action asks a cluster for on which nothing was deployed. */
async function childOf(called: string, by: string, options: RunOptions = {}): Promise<ChildTask | undefined> {
  const classes = [tasksOf('plain'), tasksOf('second'), tasksOf('own', 'registry.test/own:1')];
  const registry = createTaskRegistry(() => ({ classes, refs: [] }));
  const creation: Pick<RunCreation, 'defaults' | 'deployed' | 'tasks'> = {
    defaults: {},
    deployed: { get: async () => Promise.reject(new FlyteError('not_found', 'There is no such task.')) } as never,
    tasks: {
      version: 'v1',
      registry,
      images: createTaskImages(undefined, import.meta.dirname, async () => false),
    },
  };
  let asked: ChildTask | undefined;
  const children: Partial<ChildActions> = {
    ownSpec: async () =>
      create(TaskSpecSchema, {
        taskTemplate: { target: { case: 'container', value: { image: 'registry.test/mine:1' } } },
        environment: { name: by.split('.', 1)[0] ?? '' },
      }),
    task: async (child) => {
      asked = child;
      return create(OutputsSchema);
    },
  };
  const action: Partial<ActionScope> = {
    ...{ task: by, version: 'v1', module: './tasks.js', project: 'p', domain: 'd', group: undefined },
    children: async () => children as ChildActions,
  };
  const definition = registry.find(called);
  if (definition === undefined) throw new Error(`no task ${called}`);
  await runInAction(action as ActionScope, async () =>
    callChild(creation as RunCreation, runnableDefinition(definition), undefined, options),
  );
  return asked;
}

async function imageOfChild(called: string, by: string): Promise<string | undefined> {
  const target = (await childOf(called, by))?.spec.taskTemplate?.target;
  return target?.case === 'container' ? target.value.image : undefined;
}

describe('a child of an action, where neither was deployed, runs', () => {
  beforeEach(() => {
    vi.stubEnv('ACTION_NAME', 'a0');
    vi.stubEnv('RUN_NAME', 'r1');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('in the image of the action, where it is of the same environment', async () => {
    expect(await imageOfChild('plain.other', 'plain.one')).toBe('registry.test/mine:1');
    expect(await imageOfChild('own.other', 'own.one')).toBe('registry.test/mine:1');
  });

  it('in the image of the action, where neither environment names one: both have the app’s', async () => {
    expect(await imageOfChild('second.one', 'plain.one')).toBe('registry.test/mine:1');
  });

  it('in the image that its own environment names', async () => {
    expect(await imageOfChild('own.one', 'plain.one')).toBe('registry.test/own:1');
  });

  it.each(['own.one', 'not-of-this-app.one'])(
    'not at all, where nobody knows its image: not the one of %s',
    async (by) => {
      await expect(imageOfChild('plain.one', by)).rejects.toMatchObject({
        code: 'invalid_configuration',
        message: expect.stringMatching(
          /^The task "plain\.one" was not deployed in version v1.*Deploy both\..*no image/,
        ),
      });
    },
  );

  it('in the queue of its task, or in the one that its caller names', async () => {
    expect((await childOf('plain.one', 'plain.one'))?.queue).toBe('plain-queue');
    expect((await childOf('plain.one', 'plain.one', { queue: 'other' }))?.queue).toBe('other');
  });

  it('by the version that its caller names, which tells it from others; not by one that may change', async () => {
    const versionOf = async (version?: string) =>
      (await childOf('plain.one', 'plain.one', version === undefined ? {} : { version }))?.version;
    expect(await versionOf()).toBeUndefined();
    expect(await versionOf('current')).toBeUndefined();
    expect(await versionOf('v1')).toBe('v1');
  });
});
