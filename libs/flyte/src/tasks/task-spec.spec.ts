import { fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { TaskSpecSchema } from '../gen/flyteidl2/task/task_definition_pb.js';
import { Secret } from '../secrets/secret.js';
import { actionArguments, insideAction, parseActionArguments } from '../protocol/action-arguments.js';
import { moduleProblem } from '../protocol/module-reference.js';
import { definedTask } from './task-definition.js';
import { Task, Tasks } from './task.decorators.js';
import { TaskEnvironment } from './task-environment.js';
import { buildTaskSpec } from './task-spec.js';

const MODULE = './dist/src/tasks.module.js#TasksModule';
const target = { task: 'signing.sign', version: 'v1', module: MODULE };

@Tasks(
  new TaskEnvironment({
    name: 'signing',
    description: 'Signs texts',
    image: { fullName: 'registry/signing:1' },
    secrets: new Secret({ group: 'user-creds', key: 'ssh-key', mount: '/etc/flyte/secrets' }),
    resources: { cpu: '500m', memory: '1Gi' },
    envVars: { MODE: 'slow', LEVEL: '1' },
    interruptible: true,
  }),
)
class SigningTasks {
  @Task({
    inputs: z.object({ text: z.string().describe('what to sign'), times: z.int().default(1) }),
    outputs: z.object({ signature: z.string() }),
    secrets: new Secret({ key: 'openai-key', asEnvVar: 'OPENAI_API_KEY' }),
    retries: { count: 3, backoff: { base: '10s', factor: 2, cap: '5m' } },
    timeout: { maxRuntime: '5m', maxQueuedTime: '1.5s', deadline: '2h' },
    cache: { version: '1', serialize: true, ignoredInputs: ['times'] },
    envVars: { MODE: 'fast' },
    resources: { cpu: 1 },
    description: 'x'.repeat(300),
  })
  sign({ text }: { text: string }) {
    return { signature: text };
  }
  @Task() plain() {
    void 0;
  }
}

const spec = (method: 'sign' | 'plain', image?: string) =>
  toJson(
    TaskSpecSchema,
    buildTaskSpec(definedTask(SigningTasks, method), {
      project: 'p',
      domain: 'd',
      version: 'v1',
      module: MODULE,
      image,
    }),
  );

describe('a TaskSpec', () => {
  it('says all that the task declares', () => {
    expect(spec('sign')).toEqual({
      taskTemplate: {
        id: { resourceType: 'TASK', project: 'p', domain: 'd', name: 'signing.sign', version: 'v1' },
        type: 'nestjs',
        metadata: {
          runtime: { type: 'FLYTE_SDK', version: expect.stringMatching(/^\d+\.\d+\.\d+/), flavor: 'nestjs' },
          retries: { retries: 3, backoff: { base: '10s', factor: 2, cap: '300s' } },
          timeout: '300s',
          timeouts: { queuedTimeout: '1.500s', deadline: '7200s' },
          interruptible: true,
          discoverable: true,
          discoveryVersion: '1',
          cacheSerializable: true,
          cacheIgnoreInputVars: ['times'],
        },
        interface: {
          inputs: {
            variables: [
              { key: 'text', value: { type: { simple: 'STRING' }, description: 'what to sign' } },
              { key: 'times', value: { type: { simple: 'INTEGER' } } },
            ],
          },
          outputs: { variables: [{ key: 'signature', value: { type: { simple: 'STRING' } } }] },
        },
        container: {
          image: 'registry/signing:1',
          command: ['nestjs-flyte'],
          args: actionArguments(target),
          resources: {
            requests: [
              { name: 'CPU', value: '1' },
              { name: 'MEMORY', value: '1Gi' },
            ],
          },
          env: [
            { key: 'MODE', value: 'fast' },
            { key: 'LEVEL', value: '1' },
          ],
        },
        securityContext: {
          secrets: [
            { group: 'user-creds', key: 'ssh-key', mountRequirement: 'FILE' },
            { key: 'openai-key', mountRequirement: 'ENV_VAR', envVar: 'OPENAI_API_KEY' },
          ],
        },
      },
      defaultInputs: [
        {
          name: 'times',
          parameter: {
            var: { type: { simple: 'INTEGER' } },
            default: { scalar: { primitive: { integer: '1' } } },
          },
        },
      ],
      shortName: 'sign',
      environment: { name: 'signing', description: 'Signs texts' },
      documentation: { shortDescription: 'x'.repeat(255) },
    });
  });

  it('survives the wire, and leaves out what nobody declared', () => {
    const built = buildTaskSpec(definedTask(SigningTasks, 'plain'), { ...target, project: 'p', domain: 'd' });
    expect(fromBinary(TaskSpecSchema, toBinary(TaskSpecSchema, built))).toEqual(built);
    const { metadata } = built.taskTemplate ?? {};
    expect(metadata?.discoverable).toBe(false);
    expect([metadata?.timeout, metadata?.timeouts]).toEqual([undefined, undefined]);
    expect(metadata?.retries).toMatchObject({ retries: 0 });
  });
});

describe('the arguments of an action', () => {
  it('are read as they are written', () => {
    const [subcommand, ...templates] = actionArguments(target);
    expect(subcommand).toBe('action');
    const filled = templates.map((argument) =>
      argument === '{{.prevCheckpointPrefix}}' ? '""' : argument.replace(/^\{\{\.(\w+)\}\}$/, 'file:///run/$1'),
    );
    expect(parseActionArguments(filled)).toEqual({
      ...target,
      inputs: 'file:///run/input',
      outputsPath: 'file:///run/outputPrefix',
      rawDataPath: 'file:///run/rawOutputDataPrefix',
      checkpointPath: 'file:///run/checkpointOutputPrefix',
      prevCheckpoint: undefined,
    });
    expect(parseActionArguments([...filled, '--prev-checkpoint', 's3://x']).prevCheckpoint).toBe('s3://x');
  });

  it.each([
    [[], /--task is missing/],
    [['--task', 'a.b', '--version', 'v', '--module', MODULE, '--inputs', 'x'], /--outputs-path is missing/],
    [['--task', ''], /--task is missing/],
    [['--tusk', 'a.b'], /--tusk/],
    [['a.b'], /a\.b/],
    [['--task'], /--task/],
  ])('are refused: %j', (argv, message) => {
    expect(() => parseActionArguments(argv)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', message: expect.stringMatching(message) }),
    );
  });

  it.each(['./a.js#A', 'dist/tasks.module.js#default', '/app/a.mjs#$x'])('take the module %s', (module) => {
    expect(moduleProblem(module)).toBeUndefined();
  });

  it.each(['./a.js', '#A', './a.js#', './a.js#A.b', './{{.x}}.js#A', './a.js#A#B', 5])(
    'refuse the module %j',
    (module) => {
      expect(moduleProblem(module)).toMatch(/file and export/);
    },
  );
});

describe('insideAction', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('is what Flyte says in the environment', () => {
    expect(insideAction()).toBe(false);
    vi.stubEnv('ACTION_NAME', 'a0');
    vi.stubEnv('RUN_NAME', 'r1');
    expect(insideAction()).toBe(true);
  });
});
