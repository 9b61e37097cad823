import { Logger } from '@nestjs/common';
import { expect, it, vi } from 'vitest';
import { FlyteError, type FailedRun } from '../errors/flyte-error.js';
import { clientMessage, isServerFault, logServerFault } from './server-fault.js';

const run: FailedRun = { name: 'r1', action: 'a0', task: '', phase: 'aborted', attempt: 1, origin: 'user' };
const badRequest = new FlyteError('out_of_range', 'No such page.');
const broken = new FlyteError('internal', 'It broke.', { detail: 'Flyte said so' });

it('a client reads what it did wrong, and of the rest the code alone', () => {
  expect(clientMessage(badRequest)).toBe('No such page.');
  expect(clientMessage(broken)).toBe('Flyte: internal');
  expect(clientMessage(new FlyteError('unavailable', 'hidden'))).toBe('Flyte: unavailable');
  expect(clientMessage(new FlyteError('not_found', 'hidden', { fault: 'operator' }))).toBe('Flyte: internal');
  expect(clientMessage(new FlyteError('run_aborted', 'hidden', { run }))).toBe('Run r1 was aborted. (run_aborted)');
  const untold = new FlyteError('misuse', 'hidden');
  expect([isServerFault(badRequest), isServerFault(untold)]).toEqual([false, true]);
});

it('the log has all of a server’s fault, and none of a client’s', () => {
  const error = vi.fn<(text: string) => void>();
  const logger = Object.assign(new Logger(), { error });
  logServerFault(logger, badRequest);
  expect(error).not.toHaveBeenCalled();
  logServerFault(logger, broken);
  const lines = error.mock.calls[0]?.[0].split('\n') ?? [];
  expect(lines.slice(0, 2)).toEqual(['internal: It broke.', 'Flyte said so']);
  expect(lines[2]).toMatch(/^ +at .*server-fault\.spec[^ ]*$/);
  expect(lines[3]).toMatch(/^ +at /);
  expect(lines.join('\n')).not.toContain('FlyteError: ');
  const bare = Object.assign(new FlyteError('internal', 'It broke.'), { stack: undefined });
  logServerFault(logger, bare);
  expect(error).toHaveBeenLastCalledWith('internal: It broke.');
});
