import { create } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { FlyteError } from '../../errors/flyte-error.js';
import { InputsSchema } from '../../gen/flyteidl2/task/common_pb.js';
import type { RunCreation, RunnableTask } from './run-creation.js';
import { createTaskHandle } from './task-handle.js';

it('a map that fails aborts also the run that Flyte has not confirmed yet', async () => {
  const asked: string[] = [];
  const aborted: string[] = [];
  const runs = {
    async createRun({ id }: { id: { value: { name: string } } }, { signal }: { signal: AbortSignal }) {
      asked.push(id.value.name);
      if (asked.length === 1) {
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      }
      throw new FlyteError('invalid_argument', 'the second is refused');
    },
    getActionDetails: async () => ({ details: {} }),
    async abortRun({ runId }: { runId: { name: string } }) {
      aborted.push(runId.name);
      return {};
    },
  };
  const creation = {
    clients: { runs },
    defaults: { org: '', project: 'p', domain: 'd' },
    ...{ tasks: { version: 'v1' }, retries: 0, timeoutMs: 60_000, isHome: false },
  };
  const task: RunnableTask = {
    ...{ name: 'a.b', version: 'v1' },
    codec: { encodeInputs: async () => create(InputsSchema), decodeOutputs: async () => undefined },
  };
  const handle = createTaskHandle<never, unknown, unknown>(creation as unknown as RunCreation, () => task);
  await expect(handle.map([1, 2])).rejects.toThrow('the second is refused');
  expect(asked).toHaveLength(2);
  expect(aborted).toEqual(asked.slice(0, 1));
});
