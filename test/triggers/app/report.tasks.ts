import { cron, fixedRate, Task, TaskEnvironment, Tasks } from 'nestjs-flyte';
import * as z from 'zod';

// #region tasks
const reports = new TaskEnvironment({ name: 'reports' });

@Tasks(reports)
export class ReportTasks {
  @Task({
    inputs: z.object({ city: z.string(), copies: z.int().default(2), due: z.date() }),
    outputs: z.object({ text: z.string() }),
    triggers: [
      cron('0 2 * * *', {
        name: 'nightly',
        timeZone: 'Europe/Zurich',
        inputs: { city: 'Zurich' },
        kickoffTimeInput: 'due',
        description: 'What happened since yesterday',
        envVars: { PAPER: 'A4' },
      }),
      fixedRate('90m', { inputs: { city: 'Bern', copies: 1 }, kickoffTimeInput: 'due', active: false }),
    ],
  })
  async write({ city, copies, due }: { city: string; copies: number; due: Date }) {
    return { text: `${city} ×${copies} for ${due.toISOString()} on ${process.env['PAPER'] ?? 'any'}` };
  }

  @Task({ triggers: [cron('30 9 1-7/2 jan ?')] })
  async check() {}
}
// #endregion
