import { describe, expect, it } from 'vitest';
import { buildReporter } from './build-reporter.js';

const show = (isTTY: boolean, succeeded: boolean): string => {
  let shown = '';
  const reporter = buildReporter({ isTTY, columns: 40, write: (text: string) => (shown += text) });
  reporter.show({ kind: 'note', text: 'Building.' });
  reporter.show({ kind: 'step', number: 1, total: 2, text: 'FROM busybox' });
  reporter.show({ kind: 'step', number: 2, total: 2, text: 'RUN make' });
  reporter.show({ kind: 'log', text: `compiling ${'x'.repeat(80)}` });
  reporter.end(succeeded);
  return shown;
};

describe('buildReporter', () => {
  it('writes plain lines, all of them, where there is no terminal', () => {
    expect(show(false, true)).toBe(`Building.\n[1/2] FROM busybox\n[2/2] RUN make\n  compiling ${'x'.repeat(80)}\n`);
  });

  it('keeps a line for each step on a terminal, and says how the last one ended', () => {
    const last = (text: string): string[] =>
      text.split('\n').map((line) => line.slice(line.lastIndexOf('\u001B[2K') + 4));
    const [, first, second] = last(show(true, true));
    expect(first).toMatch(/^✓ \[1\/2\] FROM busybox {2}0\.0s$/);
    expect(second).toMatch(/^✓ \[2\/2\] RUN make {2}0\.0s$/);
    expect(last(show(true, false))[2]).toMatch(/^✗ \[2\/2\] RUN make/);
    for (const line of show(true, true).split(/\r|\n/)) expect(line.length).toBeLessThan(50);
  });
});
