// @ts-check
// `npm run token`: a token for the control plane that `npm start` runs.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { STATE } from './processes.mjs';

const bin = join(import.meta.dirname, '../libs/flyte-local/bin/nestjs-flyte-local.js');
const args = [bin, 'token', '--state', STATE, ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
