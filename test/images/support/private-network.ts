import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { join } from 'node:path';
import { run, type Service } from './child.js';

/** What a company's network looks like from inside: an npm registry that is reached by a proxy, with a private CA, for a token. */
export interface PrivateNetwork extends Service {
  /** Its name is known to the proxy alone. */
  readonly registry: string;
  readonly token: string;
  readonly proxy: string;
  /** The PEM file of the authority. */
  readonly certificates: string;
  /** Names of the packages that were asked for. */
  readonly asked: Set<string>;
}

const HOST = 'npm.acme.test';
const ROOT = join(import.meta.dirname, '../../..');

interface Manifest {
  readonly version: string;
}

/** Starts one on loopback. Its registry holds what is installed in this repository, in the versions that are installed. */
export async function startPrivateNetwork(folder: string): Promise<PrivateNetwork> {
  mkdirSync(folder, { recursive: true });
  const [key, certificates] = [join(folder, 'key.pem'), join(folder, 'ca.pem')];
  const names = `subjectAltName=DNS:${HOST}`;
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await run('openssl', [
    'req',
    '-x509',
    ...curve,
    '-subj',
    '/CN=Acme',
    '-addext',
    names,
    '-keyout',
    key,
    '-out',
    certificates,
  ]);

  const registry = `https://${HOST}/`;
  const token = `npm-${randomBytes(16).toString('hex')}`;
  const asked = new Set<string>();
  const folders = installedFolders();
  const registryServer = createTlsServer(
    { key: readFileSync(key), cert: readFileSync(certificates) },
    (request, response) => {
      const path = decodeURIComponent(request.url ?? '').slice(1);
      if (request.headers.authorization !== `Bearer ${token}`) {
        response.writeHead(401).end('{}');
      } else if (path.startsWith('-/tarballs/')) {
        const place = join(ROOT, path.slice('-/tarballs/'.length, -'.tgz'.length));
        const args = ['-C', place, '--exclude=./node_modules', '--transform=s,^\\.,package,', '-czf', '-', '.'];
        spawn('tar', args, { stdio: ['ignore', 'pipe', 'inherit'] }).stdout.pipe(response);
      } else {
        asked.add(path);
        const versions = (folders.get(path) ?? []).map((place) => {
          const manifest = JSON.parse(readFileSync(join(ROOT, place, 'package.json'), 'utf8')) as Manifest;
          const tarball = `${registry}-/tarballs/${encodeURIComponent(place)}.tgz`;
          return [manifest.version, { ...manifest, scripts: {}, dist: { tarball } }] as const;
        });
        const latest = versions[0]?.[0];
        const answer = { name: path, 'dist-tags': { latest }, versions: Object.fromEntries(versions) };
        response.writeHead(latest === undefined ? 404 : 200).end(JSON.stringify(answer));
      }
    },
  );
  const port = await listening(registryServer);

  const proxyServer = createServer((_, response) => response.writeHead(403).end());
  proxyServer.on('connect', (request, client) => {
    if (request.url !== `${HOST}:443`) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      one.on('error', () => undefined).on('close', () => other.destroy());
  });
  const proxy = `http://127.0.0.1:${await listening(proxyServer)}`;
  const stop = async (): Promise<void> => {
    registryServer.closeAllConnections();
    proxyServer.closeAllConnections();
    await Promise.all([registryServer, proxyServer].map((server) => new Promise((resolve) => server.close(resolve))));
  };
  return { registry, token, proxy, certificates, asked, stop };
}

/** The folders of this repository that a package is installed in, each with a version of its own. */
function installedFolders(): Map<string, string[]> {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly link?: boolean }>>;
  };
  const folders = new Map<string, string[]>();
  for (const [place, { link }] of Object.entries(packages)) {
    const name = place.split('node_modules/').at(-1);
    if (link === true || name === undefined || name === place || !existsSync(join(ROOT, place, 'package.json')))
      continue;
    folders.set(name, [...(folders.get(name) ?? []), place]);
  }
  return folders;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
