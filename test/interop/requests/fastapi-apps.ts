import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PYTHON_BIN } from '../support/python-environment.js';
import type { App } from './row.js';

/** The apps behind FastAPI's middleware. */
export interface FastApiApps extends AsyncDisposable {
  readonly ports: Readonly<Record<App, number>>;
}

/** Starts them in one process. @param caFile vouches for the certificate of `endpoint` */
export async function startFastApiApps(endpoint: string, caFile: string): Promise<FastApiApps> {
  const script = join(import.meta.dirname, '../python/requests_app.py');
  const child = spawn(join(PYTHON_BIN, 'python'), [script, endpoint], {
    env: { ...process.env, SSL_CERT_FILE: caFile, FLYTE_DISABLE_SENTRY: '1', PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stderr.on('data', (data) => (printed += String(data)));
  const ended = once(child, 'exit');
  const first = await Promise.race([once(child.stdout, 'data'), ended.then(() => undefined)]);
  if (first === undefined) throw new Error(`The FastAPI apps ended before they were ready.\n${printed}`);
  return {
    ports: JSON.parse(String(first[0])) as Record<App, number>,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
