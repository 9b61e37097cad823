import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A server's certificate for 127.0.0.1, and the authority that signed it. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
  readonly caFile: string;
}

/**
 * Makes an authority and a certificate of it. A server's own would not do: Rust's TLS, which the Python SDK uses, takes no
 * authority for a server.
 *
 * @param folder where the files of both lie
 * @throws Error where there is no openssl
 */
export async function makeCertificate(folder = join(import.meta.dirname, 'tls')): Promise<Certificate> {
  await mkdir(folder, { recursive: true });
  const file = (name: string): string => join(folder, name);
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const openssl = async (...args: string[]): Promise<void> => {
    await run('openssl', [...request, ...args]);
  };
  await openssl('-subj', '/CN=nestjs-flyte tests', '-keyout', file('ca.key'), '-out', file('ca.pem'));
  const signed = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-addext', 'basicConstraints=critical,CA:FALSE'];
  const who = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await openssl(...signed, ...who, '-keyout', file('server.key'), '-out', file('server.pem'));
  const [key, cert, ca] = await Promise.all(
    ['server.key', 'server.pem', 'ca.pem'].map((name) => readFile(file(name), 'utf8')),
  );
  if (!key || !cert || !ca) throw new Error('openssl made an empty file');
  return { key, cert, ca, caFile: file('ca.pem') };
}
