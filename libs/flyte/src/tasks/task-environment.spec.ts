import { describe, expect, it } from 'vitest';
import { Secret } from '../secrets/secret.js';
import { TaskEnvironment, type TaskEnvironmentFields } from './task-environment.js';

const refusal = (fields: unknown): string => {
  try {
    // oxlint-disable-next-line no-new -- only what it throws matters
    new TaskEnvironment(fields as TaskEnvironmentFields);
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_configuration' });
    return String(error);
  }
  return 'none';
};

describe('TaskEnvironment', () => {
  it('is immutable, with every default filled in', () => {
    const env = new TaskEnvironment({ name: 'my-tasks', secrets: 'api-key' });
    expect(env).toMatchObject({ name: 'my-tasks', description: '', interruptible: false, dependsOn: [], envVars: {} });
    expect(env.secrets[0]?.equals(new Secret({ key: 'api-key' }))).toBe(true);
    expect(Object.isFrozen(env) && Object.isFrozen(env.secrets) && Object.isFrozen(env.envVars)).toBe(true);
    expect(env).toBeInstanceOf(TaskEnvironment);
    expect({ ...env }).not.toBeInstanceOf(TaskEnvironment);
  });

  it('cloneWith takes what is given, and leaves the rest', () => {
    const base = new TaskEnvironment({ name: 'base', image: 'node:24', envVars: { A: '1' }, interruptible: true });
    const clone = base.cloneWith({ name: 'clone', envVars: { B: '2' }, image: undefined });
    expect(clone).toMatchObject({ name: 'clone', image: 'node:24', envVars: { B: '2' }, interruptible: true });
    expect(base.name).toBe('base');
    expect(() => base.cloneWith({ name: 'Not a name' })).toThrow(/snake_case/);
  });

  it.each(['a', 'a1', 'my-env', 'my_env_2', '0a', 'a'.repeat(63)])('takes the name %s', (name) => {
    expect(new TaskEnvironment({ name }).name).toBe(name);
  });

  it.each(['', 'A', 'my env', 'my--env', '-a', 'a-', 'a.b', 'é', 'a\n', 'a'.repeat(64), undefined, null, 5])(
    'refuses the name %j',
    (name) => expect(refusal({ name })).toMatch(/TaskEnvironment field name/),
  );

  it('tells everything that is wrong at once', () => {
    const said = refusal({
      ...{ name: 'X', image: '', resources: { cpu: '1 core' }, envVars: { 'a-b': '1' }, interruptible: 'yes' },
      ...{ dependsOn: [{}], description: 5, secret: 'typo' },
    });
    for (const field of ['name', 'image', 'resources.cpu', 'envVars', 'interruptible', 'dependsOn', 'description']) {
      expect(said).toContain(`field ${field}`);
    }
    expect(said).toContain('no field "secret"');
  });

  it.each([undefined, null, 'env', 5])('refuses %j in place of its fields', (fields) => {
    expect(refusal(fields)).toMatch(/takes an object/);
  });

  it('refuses wrong secrets as Secret does', () => {
    expect(refusal({ name: 'a', secrets: { key: 'k' } })).toMatch(/Element 0 of secrets/);
  });
});
