import { createProgram } from './program.js';
import { reportFailure } from './report-failure.js';

try {
  await createProgram().parseAsync(process.argv);
  // Whatever a loaded module keeps open must not keep a finished command from ending.
  process.exit(process.exitCode ?? 0);
} catch (error) {
  process.exit(reportFailure(error));
}
