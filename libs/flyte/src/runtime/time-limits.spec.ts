import { describe, expect, it, vi } from 'vitest';
import { timeLimit } from './time-limits.js';

const HOUR_MS = 3_600_000;
const ago = (ms: number) => async () => new Date(Date.now() - ms);

describe('timeLimit', () => {
  it('is none where a task declares none, and asks nobody', async () => {
    const started = vi.fn<() => Promise<Date>>(ago(0));
    expect(await timeLimit({}, started)).toBeUndefined();
    expect((await timeLimit({ maxRuntimeMs: HOUR_MS }, started))?.failure.code).toBe('TaskTimeoutError');
    expect(started).not.toHaveBeenCalled();
  });

  it.each([
    [HOUR_MS, 3 * HOUR_MS, 'TaskTimeoutError'],
    [HOUR_MS, 2.5 * HOUR_MS, 'DeadlineExceeded'],
  ])('is what is up first: maxRuntime %d, deadline %d', async (maxRuntimeMs, deadlineMs, code) => {
    const limit = await timeLimit({ maxRuntimeMs, deadlineMs }, ago(1.75 * HOUR_MS));
    expect(limit?.failure.code).toBe(code);
    expect(limit?.ms).toBeLessThanOrEqual(HOUR_MS);
  });

  it('counts what it takes to ask when the run began', async () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
    const started = async (): Promise<Date> => {
      now.mockReturnValue(11_000);
      return new Date();
    };
    const limit = await timeLimit({ maxRuntimeMs: 60_000, deadlineMs: HOUR_MS }, started);
    now.mockRestore();
    expect(limit).toMatchObject({ ms: 49_000, failure: { code: 'TaskTimeoutError' } });
  });

  it('is over before it begins where the deadline has passed: no retry helps', async () => {
    const late = timeLimit({ deadlineMs: HOUR_MS }, ago(2 * HOUR_MS));
    await expect(late).rejects.toMatchObject({ failure: { code: 'DeadlineExceeded', recoverable: false } });
  });

  it('takes a task that started later than it may run for one that has no time left', async () => {
    expect((await timeLimit({ maxRuntimeMs: Number.MIN_VALUE }, ago(0)))?.ms).toBe(0);
  });
});
