import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReportPages } from '../action/action-scope.js';
import { fileStorage } from '../storage/file-storage.js';
import { flushReport, reportOf } from './report.js';

/** What is stored waits here for its turn. */
const held: (() => Promise<void>)[] = [];
let outputsPath: string;
beforeEach(() => {
  outputsPath = mkdtempSync(join(tmpdir(), 'nestjs-flyte-report-'));
  const write = fileStorage.write.bind(fileStorage);
  vi.spyOn(fileStorage, 'write').mockImplementation(
    async (uri, bytes) =>
      new Promise((resolve, reject) => held.push(async () => write(uri, bytes).then(resolve, reject))),
  );
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(outputsPath, { recursive: true, force: true });
});

const newPages = (): ReportPages => ({ tabs: new Map(), isFlushed: true });
const shown = () => readFileSync(join(outputsPath, 'report.html'), 'utf8');

/** Waits for something, and has what came last stored first. */
async function unordered(end: Promise<unknown>): Promise<void> {
  const state = { isOver: false };
  const over = () => (state.isOver = true);
  end.then(over, over);
  while (!state.isOver) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await nextTurn();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await held.pop()?.();
  }
  await end;
}

describe('a report', () => {
  it('shows what was added last, where it is flushed twice at a time', async () => {
    const report = reportOf({ outputsPath, report: newPages() });
    const first = report.text('one').flush();
    await nextTurn();
    const second = report.text('two').flush();
    await unordered(Promise.all([first, second]));
    expect(shown()).toContain('two');
  });

  it('is stored before its task ends, also where nobody waited for a flush', async () => {
    const action = { outputsPath, report: newPages() };
    const events: string[] = [];
    const flushed = reportOf(action).text('one').flush();
    const ended = flushReport(action);
    await unordered(Promise.all([flushed.then(() => events.push('stored')), ended.then(() => events.push('ended'))]));
    expect(events).toEqual(['stored', 'ended']);
    expect(shown()).toContain('one');
  });

  it('that could not be stored is stored at the end', async () => {
    const action = { outputsPath, report: newPages() };
    mkdirSync(join(outputsPath, 'report.html'));
    await expect(unordered(reportOf(action).text('one').flush())).rejects.toMatchObject({ code: 'unavailable' });
    rmdirSync(join(outputsPath, 'report.html'));
    await unordered(flushReport(action));
    expect(shown()).toContain('one');
  });
});
