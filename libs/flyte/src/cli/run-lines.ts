import type { RunInfo } from '../remote/runs/run-info.js';
import { dateText, table } from './output.js';

/** A run in one line. */
export function runLine({ name, task, phase, error }: RunInfo): string {
  return [name, task, error === undefined ? phase : `${phase}: ${error.message}`].filter(Boolean).join('  ');
}

/** Runs as a table. */
export function runTable(runs: readonly RunInfo[]): string[] {
  const rows = runs.map((run) => [run.name, run.task, run.phase, dateText(run.startedAt), dateText(run.endedAt)]);
  return table(['NAME', 'TASK', 'PHASE', 'STARTED', 'ENDED'], rows);
}
