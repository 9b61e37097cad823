import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, freePort } from '../../support/http.js';
import { run, type Service, startService } from './child.js';

/** An npm registry that demands a token for everything. */
export interface NpmRegistry extends Service {
  readonly url: string;
  readonly token: string;
}

/** Starts one on loopback that holds `@acme/tools`. */
export async function startNpmRegistry(folder: string): Promise<NpmRegistry> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const config = join(folder, 'config.json');
  const rights = { access: '$authenticated', publish: '$authenticated' };
  writeFileSync(
    config,
    JSON.stringify({
      storage: join(folder, 'storage'),
      auth: { htpasswd: { file: join(folder, 'htpasswd') } },
      packages: { '**': rights },
      log: { type: 'stdout', format: 'json', level: 'warn' },
    }),
  );
  const program = join(import.meta.dirname, '../npm-registry/node_modules/verdaccio/bin/verdaccio');
  const service = await startService(process.execPath, [program, '--config', config, '--listen', `127.0.0.1:${port}`], {
    env: process.env,
    log: join(folder, 'log'),
    ready: () => ask(url, '/-/ping'),
  });
  const user = { name: 'ci', password: 'a-password-for-tests', email: 'ci@acme.dev', type: 'user', roles: [] };
  const answer = await ask(url, '/-/user/org.couchdb.user:ci', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(user),
  });
  const { token } = answer.json as { token: string };

  const tools = join(folder, 'tools');
  mkdirSync(tools);
  const manifest = { name: '@acme/tools', version: '1.2.3', type: 'module', exports: './index.js', bin: './bin.js' };
  writeFileSync(join(tools, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(tools, 'index.js'), "export const made = 'by acme';\n");
  writeFileSync(join(tools, 'bin.js'), "#!/usr/bin/env node\nconsole.log('the tool ran');\n");
  const npmrc = join(folder, 'npmrc');
  writeFileSync(npmrc, `registry=${url}\n${url.slice('http:'.length)}:_authToken=${token}\n`);
  await run('npm', ['publish', '--userconfig', npmrc, '--registry', url, tools]);
  return { url, token, stop: service.stop };
}

/** A registry for images on loopback, without TLS as Docker has it there. */
export interface ImageRegistry extends Service {
  /** Host and port. */
  readonly host: string;
  /** Where it keeps the layers. */
  readonly storage: string;
}

/** Starts Debian's docker-registry. */
export async function startImageRegistry(folder: string): Promise<ImageRegistry> {
  const storage = join(folder, 'storage');
  mkdirSync(storage, { recursive: true });
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(folder, 'config.yml');
  writeFileSync(
    config,
    JSON.stringify({ version: 0.1, storage: { filesystem: { rootdirectory: storage } }, http: { addr: host } }),
  );
  const service = await startService('docker-registry', ['serve', config], {
    env: process.env,
    log: join(folder, 'log'),
    ready: () => ask(`http://${host}`, '/v2/'),
  });
  return { host, storage, stop: service.stop };
}
