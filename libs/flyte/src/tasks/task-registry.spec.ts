import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { Secret } from '../secrets/secret.js';
import { definedTask } from './task-definition.js';
import { Task, Tasks } from './task.decorators.js';
import { TaskEnvironment } from './task-environment.js';
import { taskMetadata } from './task-metadata.js';
import { taskRef } from './task-ref.js';
import { collectTasks, createTaskRegistry } from './task-registry.js';
import type { TaskOptions } from './task-options.js';

const env = new TaskEnvironment({ name: 'env', secrets: new Secret({ key: 'a', asEnvVar: 'A' }), envVars: { X: '1' } });

/** A class with one task whose options the compiler would refuse. */
function withOptions(options: unknown, environment = env): new () => object {
  @Tasks(environment)
  class Wrong {
    @Task(options as TaskOptions<undefined, undefined>) method() {
      void 0;
    }
  }
  return Wrong;
}
const problemsOf = (...classes: (new () => object)[]): readonly string[] => collectTasks({ classes }).problems;

describe('names', () => {
  const own = new TaskEnvironment({ name: 'own' });
  const Contract = taskRef('training.train');
  @Tasks(env)
  class Named {
    @Task() plain() {
      void 0;
    }
    @Task({ env: own }) elsewhere() {
      void 0;
    }
    @Task({ name: 'better-name', shortName: 'Short' }) renamed() {
      void 0;
    }
    @Task(Contract) implementing() {
      void 0;
    }
  }
  @Tasks()
  class Homeless {
    @Task() plain() {
      void 0;
    }
  }

  it('are of environment and method, never of the class', () => {
    const { tasks, problems } = collectTasks({ classes: [Named, Homeless] });
    expect(problems).toEqual([]);
    expect(tasks.map(({ name, shortName, environment }) => [name, shortName, environment.name])).toEqual([
      ['default.plain', 'plain', 'default'],
      ['env.better-name', 'Short', 'env'],
      ['env.plain', 'plain', 'env'],
      ['own.elsewhere', 'elsewhere', 'own'],
      ['training.train', 'train', 'env'],
    ]);
    expect(collectTasks({ classes: [Homeless], defaultEnvironment: own }).tasks[0]?.name).toBe('own.plain');
  });

  it('of two tasks differ', () => {
    class Again {
      @Task({ env }) plain() {
        void 0;
      }
    }
    expect(problemsOf(Named, Again)).toEqual([
      'Two tasks are named "env.plain": Named.plain and Again.plain. Give one of them another "name" or environment.',
    ]);
    expect(problemsOf(Named, Named)).toEqual([]);
  });

  it('of two environments differ', () => {
    expect(problemsOf(withOptions({}), withOptions({ name: 'b' }, new TaskEnvironment({ name: 'env' })))).toEqual([
      '2 environments are named "env". Share one TaskEnvironment, or rename one of them.',
    ]);
  });
});

describe('metadata', () => {
  @Tasks(env)
  class Base {
    @Task({ retries: 1 }) inherited() {
      void 0;
    }
    @Task({ retries: 2, outputs: z.int() }) overridden() {
      return 0;
    }
  }
  class Derived extends Base {
    override overridden() {
      return 1;
    }
    @Task() own() {
      void 0;
    }
  }

  it('is inherited, also by a method that is overridden', () => {
    expect(taskMetadata.methods(Derived)).toEqual(['overridden', 'own', 'inherited']);
    expect(taskMetadata.methods(Base)).toEqual(['inherited', 'overridden']);
    expect(taskMetadata.environment(Derived)).toBe(env);
    expect(definedTask(Derived, 'overridden').settings.retries).toBe(2);
  });

  it('gives each class tokens of its own, and the same each time', () => {
    expect(taskMetadata.token(Derived, 'inherited')).toBe(taskMetadata.token(Derived, 'inherited'));
    expect(taskMetadata.token(Derived, 'inherited')).not.toBe(taskMetadata.token(Base, 'inherited'));
    expect(taskMetadata.environment(Derived)).toBe(env);
  });

  it('names what is missing', () => {
    expect(() => taskMetadata.token(Base, 'typo')).toThrow(
      'Base has no task "typo"; it has "inherited", "overridden".',
    );
    expect(() => taskMetadata.token(Base, 'constructor')).toThrow(/no task "constructor"/);
    expect(() => taskMetadata.token(undefined as never, 'sign')).toThrow(/import each other/);
    expect(() => Tasks('signing' as never)).toThrow(/@Tasks takes a TaskEnvironment/);
  });

  it('leaves a direct call a plain call', () => {
    expect(new Derived().overridden()).toBe(1);
  });
});

describe('what is wrong', () => {
  it.each([
    [{ timeout: 300 }, /option "timeout" is the bare number 300/],
    [{ timeout: { maxRuntime: '5m', max: '1s' } }, /option "timeout.max" is unknown/],
    [{ timeout: { deadline: 5 } }, /option "timeout.deadline" is the bare number 5/],
    [{ timeout: null }, /option "timeout" is a value of type object/],
    [{ retries: -1 }, /option "retries" takes a whole number/],
    [{ retries: 1.5 }, /option "retries" takes a whole number/],
    [{ retries: 11 }, /option "retries" takes a whole number from 0 to 10/],
    [{ retries: '3' }, /option "retries" takes a whole number/],
    [{ retries: { count: 2, backoff: { base: '1s', factor: 2 } } }, /"retries.backoff.cap" is needed/],
    [
      { retries: { count: 2, backoff: { base: '1s', factor: 0.5 } } },
      /"retries.backoff.factor" takes a number of 1 or more/,
    ],
    [{ retries: { count: 2, backoff: { base: 5 } } }, /"retries.backoff.base" is the bare number/],
    [{ cache: 'auto' }, /option "cache" takes "disable", or/],
    [{ cache: { version: '' } }, /option "cache" takes/],
    [{ cache: { version: '1', ignoredInputs: ['x'] } }, /there is no input "x"/],
    [{ interruptible: 'yes' }, /option "interruptible" takes true or false/],
    [{ resources: { cpu: 'lots' } }, /option "resources": cpu is "lots"/],
    [{ envVars: { FLYTE_X: '1' } }, /option "envVars" has "FLYTE_X"/],
    [{ name: 'a.b' }, /option "name" "a.b" can't be part/],
    [{ name: '' }, /option "name" "" can't be part/],
    [{ shortName: 'x'.repeat(64) }, /option "shortName" takes 1 to 63/],
    [{ retry: 3 }, /option "retry" is unknown/],
    [{ env: 'env' }, /option "env" takes a TaskEnvironment/],
    [{ inputs: { text: 'string' } }, /option "inputs" takes a Standard Schema/],
    [{ inputs: z.object({ a: z.map(z.string(), z.string()) }) }, /inputs\.a/],
    [{ outputs: z.symbol() }, /outputs/],
    [{ secrets: 5 }, /option "secrets": Element 0/],
    [{ secrets: new Secret({ key: 'b', asEnvVar: 'A' }) }, /Secret a as A and Secret b as A claim one variable, A/],
    [{ secrets: new Secret({ key: 'b', asEnvVar: 'X' }) }, /the variable X is claimed by a secret and set by envVars/],
  ])('%j', (options, problem) => {
    const problems = problemsOf(withOptions(options));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
    expect(problems[0]).toMatch(/^Task Wrong\.method: .*\.$/s);
  });

  it('is told of all tasks in one message, contracts included', () => {
    const Wrong = taskRef('other.task', { inputs: z.object({ f: z.function() }) });
    const registry = createTaskRegistry(() => ({
      classes: [withOptions({ timeout: 300 }), withOptions({ name: 'b', retries: -1, cache: 'auto' })],
      refs: [Wrong],
    }));
    expect(() => registry.all()).toThrow(
      expect.objectContaining({
        code: 'invalid_configuration',
        message: expect.stringMatching(/"timeout"[^]*"retries"[^]*"cache"[^]*taskRef other\.task: inputs\.f/),
      }),
    );
  });

  it('about a method name is what to do', () => {
    class Odd {
      @Task({ env }) $odd() {
        void 0;
      }
    }
    expect(problemsOf(Odd)).toEqual([
      'Task Odd.$odd: the method "$odd" can\'t be part of a task\'s name; give the option "name" letters, digits, _ and -, such as "sign".',
    ]);
  });
});

describe('secrets', () => {
  const file = (key: string, group?: string): Secret => new Secret({ key, group, mount: '/etc/flyte/secrets' });
  const clash = (...secrets: Secret[]): readonly string[] => problemsOf(withOptions({ secrets }));

  it('of task and environment come together, equal ones once', () => {
    const Twice = withOptions({ secrets: [new Secret({ key: 'a', asEnvVar: 'A' }), 'other'] });
    expect(definedTask(Twice, 'method').secrets.map(String)).toEqual(['Secret a as A', 'Secret other as OTHER']);
  });

  it('may not claim one file', () => {
    expect(clash(file('ssh-key', 'g'), file('SSH-Key', 'G'))[0]).toMatch(/claim one file, g\/ssh-key/);
    expect(clash(file('b', 'a'), file('b/c', 'a'))[0]).toMatch(/the folder of the other/);
    expect(clash(file('k', 'g1'), file('k', 'g2'))[0]).toMatch(/"k" is declared under different groups \("g1", "g2"\)/);
    expect(clash(file('k', 'g'), new Secret({ key: 'k', group: 'g' }))).toEqual([]);
  });
});

describe('taskRef', () => {
  it.each<[name: string, options: object]>([
    ['', {}],
    ['a b', {}],
    ['{{.input}}', {}],
    ['x'.repeat(256), {}],
    ['a.b', { version: '' }],
    ['a.b', { version: 'x'.repeat(64) }],
    ['a.b', { input: z.object({}) }],
  ])('refuses %j with %j', (name, options) => {
    expect(() => taskRef(name, options)).toThrow(expect.objectContaining({ code: 'invalid_configuration' }));
  });

  it('is data, and frozen', () => {
    const ref = taskRef('a.b', { project: 'p' });
    expect({ ...ref }).toMatchObject({ name: 'a.b', version: 'latest', project: 'p', domain: undefined });
    expect(Object.isFrozen(ref)).toBe(true);
  });
});
