import { afterEach, expect, it, vi } from 'vitest';
import { FlyteError } from '../errors/flyte-error.js';
import { EXIT_CODES, reportFailure } from './report-failure.js';

const { isTTY } = process.stderr;
afterEach(() => {
  process.stderr.isTTY = isTTY;
  vi.restoreAllMocks();
});

it.each([
  [true, 'task_failed: it says\nmore\tof it\n'],
  [false, 'task_failed: \u001B]0;title\u0007it says\u001B[2J\nmore\tof\u009B it\n'],
])("what a server's message holds does not steer a terminal: %s", (terminal, shown) => {
  let written = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((written += String(text))));
  process.stderr.isTTY = terminal;
  const error = new FlyteError('task_failed', '\u001B]0;title\u0007it says\u001B[2J', { detail: 'more\tof\u009B it' });
  expect(reportFailure(error)).toBe(EXIT_CODES.runFailed);
  expect(written).toBe(shown);
});
