// What it costs to import the library, in a process that has imported nothing else, or what any NestJS app has.
import { answerParent, given } from './support/parent.js';

const { before } = given<{ readonly before: readonly string[] }>();
for (const name of before) {
  // oxlint-disable-next-line no-await-in-loop -- as an app's own imports would
  await import(name);
}
globalThis.gc?.();
const cpu = process.cpuUsage();
const { rss } = process.memoryUsage();
await import('nestjs-flyte');
const { user, system } = process.cpuUsage(cpu);

answerParent({ cost: () => ({ cpuMs: (user + system) / 1e3, rssMB: (process.memoryUsage().rss - rss) / 2 ** 20 }) });
