import { RUN_ACTION } from './action-process.js';

// An action is not to wait for what only the commands need.
if (process.argv[2] === RUN_ACTION) await import('./run-action.js');
else await import('./commands.js');
