import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { runInAction, type ActionScope } from '../../action/action-scope.js';
import { FlyteError } from '../../errors/flyte-error.js';
import { mapCalls, settleCalls, type MapOptions } from './map-calls.js';

/** Ends with its signal, as a call of a task does. */
async function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  signal?.throwIfAborted();
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

describe('mapCalls', () => {
  it('gives the outputs in the order of the inputs', async () => {
    const outputs = await mapCalls([20, 1, 10], async (ms) => sleep(ms, ms));
    expect(outputs).toEqual([20, 1, 10]);
  });

  it('has no more calls at a time than it is told', async () => {
    let now = 0;
    let most = 0;
    await mapCalls(
      [1, 2, 3, 4, 5],
      async () => {
        most = Math.max(most, ++now);
        await sleep(1);
        now--;
      },
      { concurrency: 2 },
    );
    expect(most).toBe(2);
  });

  it.each([undefined, 1, 3])(
    'ends the others with the first failure, and begins no more (concurrency %s)',
    async (concurrency) => {
      const begun: string[] = [];
      const ended: unknown[] = [];
      const call = async (what: string, { signal }: MapOptions): Promise<void> => {
        begun.push(what);
        if (what === 'fails') {
          await sleep(1);
          throw new Error('the first failure');
        }
        await untilAborted(signal).catch((error: unknown) => {
          ended.push(error);
          throw error;
        });
      };
      const inputs = ['fails', 'waits', 'waits', 'late', 'late'];
      await expect(mapCalls(inputs, call, { concurrency })).rejects.toThrow('the first failure');
      expect(begun).toEqual(inputs.slice(0, concurrency));
      expect(ended).toHaveLength(begun.length - 1);
      for (const error of ended) expect(error).toMatchObject({ code: 'canceled' });
    },
  );

  it('ends all calls with the signal that it is given, and begins none once it has fired', async () => {
    const abandoned = new AbortController();
    const call = async (_: number, { signal }: MapOptions): Promise<never> => untilAborted(signal);
    const outputs = mapCalls([1, 2], call, { signal: abandoned.signal });
    abandoned.abort(new FlyteError('canceled', 'nobody asks any more'));
    await expect(outputs).rejects.toThrow('nobody asks any more');
    let begun = 0;
    await expect(mapCalls([1], async () => begun++, { signal: abandoned.signal })).rejects.toThrow('nobody asks');
    expect(begun).toBe(0);
  });

  it('begins nothing where its source breaks', async () => {
    const begun: string[] = [];
    function* source(): Generator<string> {
      yield 'a';
      throw new Error('the source broke');
    }
    const call = async (what: string): Promise<number> => begun.push(what);
    await expect(mapCalls(source(), call)).rejects.toThrow('the source broke');
    await expect(settleCalls(source(), call)).rejects.toThrow('the source broke');
    expect(begun).toEqual([]);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses a concurrency of %s', async (concurrency) => {
    const error = new FlyteError(
      'invalid_argument',
      `Option "concurrency": give a whole number from 1, got ${concurrency}.`,
    );
    await expect(mapCalls([1], async () => 1, { concurrency })).rejects.toThrow(error);
    await expect(settleCalls([1], async () => 1, { concurrency })).rejects.toThrow(error);
  });
});

describe('settleCalls', () => {
  it('says what became of each', async () => {
    const call = async (what: string): Promise<string> => {
      if (what === 'bad') throw new Error('no');
      return what;
    };
    expect(await settleCalls(['a', 'bad', 'c'], call)).toEqual([
      { status: 'fulfilled', value: 'a' },
      { status: 'rejected', reason: new Error('no') },
      { status: 'fulfilled', value: 'c' },
    ]);
  });

  it('gives no result where the attempt is ended meanwhile', async () => {
    const attempt = new AbortController();
    const { signal } = attempt;
    // All that is read of an action here.
    const action: Pick<ActionScope, 'signal'> = { signal };
    const settled = runInAction(action as ActionScope, async () =>
      settleCalls([1, 2], async () => untilAborted(signal)),
    );
    attempt.abort(new FlyteError('canceled', 'the attempt is to end'));
    await expect(settled).rejects.toThrow('the attempt is to end');
  });
});
