import { readFileSync } from 'node:fs';
import { create, fromBinary, toJson, type JsonObject } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { TaskMetadataSchema, TaskTemplateSchema, type TaskTemplate } from '../gen/flyteidl2/core/tasks_pb.js';
import { Secret } from '../secrets/secret.js';
import { definedTask } from './task-definition.js';
import { TaskEnvironment, type TaskEnvironmentFields } from './task-environment.js';
import type { ImplementOptions } from './task-options.js';
import { buildTaskSpec } from './task-spec.js';
import { Task, Tasks } from './task.decorators.js';

const IMAGE = 'registry.local/pods:1';
const NOTE = 'example.com/note';
const file = new URL('../../test-data/python-pods.json', import.meta.url);
const { tasks: vectors } = z
  .object({ tasks: z.record(z.string(), z.base64()) })
  .parse(JSON.parse(readFileSync(file, 'utf8')));

function template(fields: Omit<TaskEnvironmentFields, 'name'>, options: ImplementOptions = {}): TaskTemplate {
  @Tasks(new TaskEnvironment({ name: 'pods', image: IMAGE, ...fields }))
  class Pods {
    @Task(options) go() {
      void 0;
    }
  }
  const target = { project: 'p', domain: 'd', version: 'v1', module: './app.js#Tasks' };
  const { taskTemplate } = buildTaskSpec(definedTask(Pods, 'go'), target);
  return taskTemplate ?? expect.fail();
}

const scratch = { name: 'scratch', mountPath: '/scratch' };
/** As `test-data/python-pods.py` declares it. */
const whole = {
  primaryContainerName: 'main',
  labels: { team: 'ml' },
  annotations: { [NOTE]: 'kept for a week' },
  spec: {
    serviceAccountName: 'reader',
    nodeSelector: { disk: 'ssd' },
    terminationGracePeriodSeconds: 600,
    tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }],
    volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Gi' } }],
    containers: [
      {
        name: 'main',
        volumeMounts: [scratch],
        env: [{ name: 'SCRATCH', value: '/scratch' }],
        resources: { limits: { 'example.com/fuse': '1', cpu: '9' }, requests: { 'example.com/fuse': '1' } },
      },
      { name: 'proxy', image: 'registry.local/proxy:1', args: ['--port', '1'], volumeMounts: [scratch] },
    ],
  },
};

const rows: Record<string, [fields: Omit<TaskEnvironmentFields, 'name'>, options?: ImplementOptions]> = {
  container: [{ envVars: { MODE: 'slow' }, resources: { cpu: 1 }, interruptible: true }],
  name: [{ podTemplate: whole }, { podTemplate: 'shared-template' }],
  annotations: [{ annotations: { [NOTE]: 'x' } }],
  whole: [
    {
      podTemplate: whole,
      annotations: { [NOTE]: 'not so long' },
      envVars: { MODE: 'slow' },
      resources: { cpu: ['500m', 2], memory: '1Gi', disk: '10Gi', gpu: 1 },
      secrets: new Secret({ key: 'openai-key', asEnvVar: 'OPENAI_API_KEY' }),
    },
  ],
};

/** What a template says of the pod, with its command replaced: each SDK starts its own runtime. */
function podOf({ target, config, securityContext, extendedResources, metadata }: TaskTemplate): unknown {
  const { podTemplateName, interruptibleValue } = metadata ?? create(TaskMetadataSchema);
  const start = { command: ['start'], args: ['it'] };
  if (target.case === 'container') target = { case: 'container', value: { ...target.value, ...start } };
  if (target.case === 'k8sPod') {
    const { containers, ...spec } = z
      .looseObject({ containers: z.array(z.looseObject({ name: z.string() })) })
      .parse(target.value.podSpec);
    const podSpec = JSON.parse(
      JSON.stringify({
        ...spec,
        containers: containers.map((one) =>
          one.name === config['primary_container_name'] ? { ...one, ...start } : one,
        ),
      }),
    ) as JsonObject;
    target = { case: 'k8sPod', value: { ...target.value, podSpec } };
  }
  return toJson(
    TaskTemplateSchema,
    create(TaskTemplateSchema, {
      ...{ target, config, securityContext, extendedResources },
      metadata: { podTemplateName, interruptibleValue },
    }),
  );
}

describe('a pod as the official SDK writes it', () => {
  it.each(Object.entries(rows))('%s', (row, [fields, options]) => {
    const theirs = fromBinary(TaskTemplateSchema, Buffer.from(vectors[row] ?? '', 'base64'));
    expect(podOf(template(fields, options))).toEqual(podOf(theirs));
  });

  it('covers every vector', () => {
    expect(Object.keys(rows)).toEqual(Object.keys(vectors));
  });
});

describe('a pod template', () => {
  it('is taken as it is when it is declared, also from objects of classes', () => {
    class Container {
      readonly image = undefined;
      constructor(public name: string) {}
    }
    class Spec {
      containers = [new Container('primary')];
    }
    const spec = new Spec();
    const env = new TaskEnvironment({ name: 'pods', podTemplate: { spec } });
    for (const one of spec.containers) one.name = 'renamed later';
    const bare = {
      ...{ primaryContainerName: 'primary', labels: {}, annotations: {} },
      spec: { containers: [{ name: 'primary' }] },
    };
    expect(env.podTemplate).toEqual(bare);
    expect(env.cloneWith({ name: 'other' }).podTemplate).toEqual(bare);
    expect(new TaskEnvironment({ name: 'x', podTemplate: {} }).podTemplate).toEqual(bare);
  });

  it('starts the task in its primary container, and leaves the others alone', () => {
    const { target } = template({ podTemplate: whole });
    const { containers } = z
      .object({ containers: z.array(z.looseObject({})) })
      .parse(target.case === 'k8sPod' ? target.value.podSpec : undefined);
    expect(containers[0]).toMatchObject({
      image: IMAGE,
      command: ['nestjs-flyte'],
      args: expect.arrayContaining(['pods.go']),
    });
    expect(containers[1]).toEqual(whole.spec.containers[1]);
  });

  const main = (more: object) => ({ spec: { containers: [{ name: 'primary', ...more }] } });
  const self: Record<string, unknown> = {};
  self['self'] = self;
  it.each<[unknown, RegExp]>([
    ['Not A Name', /podTemplate takes a name of Kubernetes/],
    [5, /podTemplate takes \{ spec, primaryContainerName, labels, annotations \}, or the name/],
    [{ podSpec: {} }, /podTemplate has no field "podSpec"; its fields are spec, primaryContainerName/],
    [{ primaryContainerName: 'A' }, /primaryContainerName takes at most 63/],
    [{ labels: { 'a b': 'x' } }, /field labels has "a b", which is no key of a label/],
    [{ labels: { team: 'm l' } }, /field labels has "team", whose value is none of at most 63/],
    [{ annotations: { note: 5 } }, /field annotations has "note", whose value is no text but a number/],
    [{ annotations: { note: 'x'.repeat(300_000) } }, /more than Kubernetes takes/],
    [{ spec: 'x' }, /field spec/],
    [{ spec: {} }, /field spec containers: /],
    [{ spec: { containers: [] } }, /one container "primary", which runs the task, and has none/],
    [
      { spec: { containers: [{ name: 'a' }, { name: 'b' }] } },
      /and has "a", "b"; name one so, or set primaryContainerName/,
    ],
    [{ spec: { containers: [{ name: 'primary' }, { name: 'primary' }] } }, /has "primary", "primary"/],
    [main({ image: 'x' }), /with the field image; remove it: give the image to the TaskEnvironment/],
    [main({ command: ['x'], args: [] }), /with the field command; remove it: the task has its own[^]*field args/],
    [main({ env: {} }), /container "primary" whose env: /],
    [main({ resources: { limits: 'x' } }), /container "primary" whose resources.limits: /],
    [main({ lifecycle: () => 5 }), /holds what JSON has no form for, at "lifecycle"/],
    [main({ priority: NaN }), /holds what JSON has no form for, at "priority"/],
    [main({ self }), /is no JSON: it refers to itself/],
  ])('is refused: %s', (podTemplate, message) => {
    expect(() => new TaskEnvironment({ name: 'pods', podTemplate: podTemplate as never })).toThrow(
      expect.objectContaining({ code: 'invalid_configuration', message: expect.stringMatching(message) }),
    );
    expect(() => template({}, { podTemplate: podTemplate as never })).toThrow(/Pods\.go: option "podTemplate" /);
  });
});

describe('of a pod without a template', () => {
  it('the service account stands beside the secrets', () => {
    expect(template({ serviceAccount: 'reader' }).securityContext).toMatchObject({
      secrets: [],
      runAs: { k8sServiceAccount: 'reader' },
    });
  });

  it('all that is wrong is said', () => {
    const fields = { name: 'pods', serviceAccount: 'A_B', queue: 'a b', annotations: { note: 5 } };
    expect(() => new TaskEnvironment(fields as never)).toThrow(
      /annotations has "note"[^]*serviceAccount takes a name of Kubernetes[^]*queue takes a name without blanks/,
    );
    expect(() => template({}, { queue: '' })).toThrow(/option "queue" takes a name without blanks/);
  });
});
