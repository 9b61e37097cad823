import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { FlyteError } from '../errors/flyte-error.js';
import type { ActionFailure } from './action-failure.js';
import { ActionLife } from './action-life.js';
import { guardProcess } from './process-guard.js';

const failure = (code: string): ActionFailure => ({ code, message: code, origin: 'user', recoverable: true });
const reason = new FlyteError('canceled', 'enough');

describe('the life of an action', () => {
  it('is told to end, and ends after the grace', async () => {
    const life = new ActionLife(30);
    const { signal } = life;
    life.interrupt(failure('A'), reason);
    expect(signal.reason).toBe(reason);
    await expect(life.over).rejects.toMatchObject({ failure: { code: 'A' } });
    life.close();
  });

  it('ends at once when told twice, for the first reason', async () => {
    const life = new ActionLife(1e6);
    life.interrupt(failure('A'), reason);
    life.interrupt(failure('B'), reason);
    await expect(life.over).rejects.toMatchObject({ failure: { code: 'A' } });
    expect(life.failure?.code).toBe('A');
    life.close();
  });

  it('waits for what is longer than a timer holds', () => {
    const act = vi.fn<() => void>();
    const life = new ActionLife(0);
    life.after(2 ** 40, act);
    life.after(10, act)();
    life.close();
    expect(act).not.toHaveBeenCalled();
  });

  it('gives a timer that is late the word before it counts as idle', async () => {
    const life = new ActionLife(1e6);
    life.after(0, () => life.end(failure('Late')));
    life.idle(failure('Idle'));
    await expect(life.over).rejects.toMatchObject({ failure: { code: 'Late' } });
    const other = new ActionLife(0);
    other.idle(failure('Idle'));
    await expect(other.over).rejects.toMatchObject({ failure: { code: 'Idle' } });
  });
});

describe('the guard of a process', () => {
  const fake = (): NodeJS.Process => Object.assign(new EventEmitter(), { exit: () => 'exited' }) as never;

  it('gives everything back', () => {
    const process = fake();
    const { exit } = process as { exit: unknown };
    const release = guardProcess(new ActionLife(0), process);
    expect(() => process.exit(1)).toThrow('process.exit()');
    release();
    expect((process as { exit: unknown }).exit).toBe(exit);
    expect(process.eventNames()).toEqual([]);
  });

  it('takes an exit in a callback for an exit', async () => {
    const process = fake();
    const life = new ActionLife(0);
    guardProcess(life, process);
    process.on('callback', () => {
      try {
        process.exit(4);
      } catch (error) {
        process.emit('uncaughtException', error as Error);
      }
    });
    process.emit('callback' as never);
    await expect(life.over).rejects.toMatchObject({ failure: { code: 'ProcessExit' } });
  });
});
