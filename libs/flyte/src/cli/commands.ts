import { systemCodeOf } from '../errors/system-code.js';
import { end } from './interruption.js';
import { createProgram, isOfAction } from './program.js';
import { reportFailure } from './report-failure.js';

/** What a process ends with that nobody reads any more, as a shell has it for SIGPIPE. */
const BROKEN_PIPE = 141;

const name = process.argv[2];
for (const stream of isOfAction(name) ? [] : [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    end(error.code === 'EPIPE' ? BROKEN_PIPE : 1);
  });
}

try {
  const program = await createProgram(name);
  await program.parseAsync(process.argv);
  // Whatever a loaded module keeps open must not keep a finished command from ending.
  process.exit(process.exitCode ?? 0);
} catch (error) {
  const exitCode = systemCodeOf(error) === 'EPIPE' ? BROKEN_PIPE : reportFailure(error);
  // An interruption has decided already.
  process.exit(process.exitCode ?? exitCode);
}
