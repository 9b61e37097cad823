import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { makeCertificate, type Certificate } from '../bench/certificate.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** What the planes of these tests speak TLS with. */
    certificate: Certificate;
  }
}

/** Once for all: a certificate for 127.0.0.1, whose authority Python is told by SSL_CERT_FILE. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'interop-tls-'));
  project.provide('certificate', await makeCertificate(folder));
  return () => rm(folder, { recursive: true });
}
