import { expect, it } from 'vitest';
import { scheduledRunName } from './scheduled-run-name.js';

const nightly = { project: 'flytesnacks', domain: 'development', taskName: 'reports.write', name: 'nightly' };
const other = { project: 'p', domain: 'd', taskName: 'ü.t', name: 'Größe' };

// As upstream's Go says: hash/fnv.
it.each([
  [nightly, '2026-01-02T03:04:05Z', 'r721fd2a8de2b740b'],
  [other, '2026-01-02T03:04:05Z', 'r3d79208a4573267a'],
  [nightly, '2026-10-25T00:30:00Z', 'r284932b6024d6065'],
  [other, '2028-02-29T00:00:00.999Z', 'r1fbd4af1118e1d2a'],
])('the run of %j for %s has the name that upstream gives it', (key, at, name) => {
  expect(scheduledRunName(key, Date.parse(at))).toBe(name);
});
