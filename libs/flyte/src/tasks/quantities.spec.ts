import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutDescription } from './description.js';
import { parseDuration } from './duration.js';
import { envVarProblems } from './env-vars.js';
import { parseQuantity } from './quantity.js';
import { extendedResourcesToWire, resourcesProblems, resourcesToWire } from './resources.js';

describe('a duration', () => {
  it.each([
    ['5m', 300_000],
    ['90s', 90_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['2d', 172_800_000],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toEqual({ ms }));

  it.each([
    [300, /bare number 300/],
    ['300', /"300"; write a number with its unit/],
    ['5 m', /"5 m"/],
    ['-5m', /"-5m"/],
    ['5m\n', /5m/],
    ['1h30m', /1h30m/],
    ['PT5M', /PT5M/],
    ['', /""/],
    ['0s', /is zero/],
    ['99999999999999d', /longer than/],
    [null, /type object/],
    [Number.NaN, /bare number NaN/],
  ])('%j is none', (value, problem) => expect(parseDuration(value).problem).toMatch(problem));

  it('may be zero where that has a meaning', () => expect(parseDuration('0s', 'allowed')).toEqual({ ms: 0 }));
});

describe('a quantity', () => {
  it.each([
    ['500m', 'cores', 0.5],
    [2, 'cores', 2],
    ['.5', 'cores', 0.5],
    ['2Gi', 'bytes', 2 ** 31],
    ['1e3', 'bytes', 1_000],
    ['1E', 'bytes', 1e18],
    ['128974848', 'bytes', 128_974_848],
  ] as const)('%s of %s is %d', (text, of, amount) =>
    expect(parseQuantity(text, of).text && parseQuantity(text, of)).toMatchObject({ amount }),
  );

  it.each([
    ['1 Gi', 'bytes', /no Kubernetes quantity/],
    ['1GB', 'bytes', /no Kubernetes quantity/],
    ['1gi', 'bytes', /no Kubernetes quantity/],
    ['-1', 'cores', /no Kubernetes quantity/],
    ['1e', 'cores', /no Kubernetes quantity/],
    ['', 'cores', /no Kubernetes quantity/],
    ['1\n', 'cores', /no Kubernetes quantity/],
    [Number.NaN, 'cores', /no Kubernetes quantity/],
    [Infinity, 'cores', /no Kubernetes quantity/],
    [512, 'bytes', /bare number 512; write it with its unit/],
    ['400m', 'bytes', /did you mean "400Mi"/],
    ['0', 'bytes', /is zero/],
    ['1e999', 'cores', /more than there is/],
    [{}, 'cores', /type object/],
  ] as const)('%j of %s is none', (value, of, problem) => expect(parseQuantity(value, of).problem).toMatch(problem));
});

describe('resources', () => {
  it('become requests and limits', () => {
    const resources = { cpu: ['500m', 2], memory: '1Gi', gpu: 'A100 80G:2', disk: '10Gi', shm: 'auto' } as const;
    expect(resourcesProblems(resources)).toEqual([]);
    expect(resourcesToWire(resources)).toMatchObject({
      requests: [
        { name: 1, value: '500m' },
        { name: 3, value: '1Gi' },
        { name: 2, value: '2' },
        { name: 5, value: '10Gi' },
      ],
      limits: [{ name: 1, value: '2' }],
    });
    expect(extendedResourcesToWire(resources)).toMatchObject({
      gpuAccelerator: { device: 'nvidia-a100-80gb' },
      sharedMemory: { mountPath: '/dev/shm', sizeLimit: '' },
    });
    expect(extendedResourcesToWire({ gpu: 1 })).toBeUndefined();
  });

  it.each([
    [{ cpu: ['2', '1'] as const }, 'cpu asks for more (2) than its limit (1)'],
    [{ memory: ['2Gi', '2G'] as const }, 'memory asks for more (2Gi) than its limit (2G)'],
    [{ cpu: ['1'] as never }, 'cpu is a list of 1; give [request, limit]'],
    [{ gpu: 0 }, 'gpu takes a whole number above 0, or kind and number, such as "T4:1"'],
    [{ gpu: 'T4' }, 'gpu takes a whole number above 0, or kind and number, such as "T4:1"'],
    [{ mem: '1Gi' } as never, 'mem is unknown; there are cpu, memory, gpu, disk, shm'],
    [{ shm: 'all' }, 'shm is "all", which is no Kubernetes quantity; valid examples: "512Mi" or "2Gi"'],
  ])('refuses %j', (resources, problem) => expect(resourcesProblems(resources)).toEqual([problem]));
});

describe('variables', () => {
  it('have names that are names, and texts', () => {
    expect(envVarProblems({ A: 'x', b_1: '' })).toEqual([]);
    expect(envVarProblems({ '1A': 'x', FLYTE_X: 'x', RUN_NAME: 'x', B: 5, C: 'a\0b' })).toHaveLength(5);
    expect(envVarProblems({ B: 's3cr3t\0' }).join()).not.toContain('s3cr3t');
    expect(envVarProblems(['A'])).toEqual(['takes an object of texts']);
  });
});

describe('a description', () => {
  it('is cut at 255 bytes, between characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const cut = cutDescription(text);
        expect(text.startsWith(cut)).toBe(true);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(255);
        if (Buffer.byteLength(text) <= 255) expect(cut).toBe(text);
      }),
    );
    expect(cutDescription('é'.repeat(200))).toBe('é'.repeat(127));
  });
});
