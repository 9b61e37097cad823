import { create } from '@bufbuild/protobuf';
import { TaskMetadataSchema } from 'nestjs-flyte/idl/core/tasks';
import { expect, it } from 'vitest';
import { retryPolicy } from './retry.js';

const half = { nanos: 500_000_000 };

it.each([
  ['up to its cap', { base: half, factor: 2, cap: { seconds: 3n } }, [500, 1000, 2000, 3000]],
  ['never less', { base: half, factor: 0.5 }, [500, 500, 500, 500]],
  [
    'as long as a timer can',
    { base: { seconds: 2_000_000n }, factor: 2 },
    [2_000_000_000, ...Array(3).fill(2 ** 31 - 1)],
  ],
  ['not at all', undefined, [0, 0, 0, 0]],
])('a retry waits longer each time: %s', (_name, backoff, expected) => {
  const { delayMs } = retryPolicy(create(TaskMetadataSchema, { retries: { retries: 4, backoff } }));
  expect([0, 1, 2, 3].map(delayMs)).toEqual(expected);
});
