import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ACTION_TOKEN_VARIABLE } from 'nestjs-flyte/protocol';
import { replaceFile } from '../../state/atomic-file.js';
import type { Variables } from './environment.js';

/** What tells an action how to call the plane: the same for all, and no credential in it. */
export interface ClientFiles {
  /** Where the files are. */
  readonly folder: string;
  /** A configuration of Flyte's tools: where the plane is, and that the variable holds the token. */
  readonly config: string;
  /** The plane's certificate; undefined over plaintext. */
  readonly certificate: string | undefined;
}

/**
 * Writes what actions need to call the plane, whatever language they are in: a cluster that asks who calls mounts such a file, too.
 *
 * @param url the plane's URL
 * @param certificate in PEM
 */
export function writeClientFiles(dataFolder: string, url: string, certificate: string | undefined): ClientFiles {
  const folder = join(dataFolder, 'client');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = { folder, config: join(folder, 'config.json'), certificate: certificate && join(folder, 'plane.pem') };
  if (files.certificate !== undefined && certificate !== undefined)
    replaceFile(files.certificate, Buffer.from(certificate));
  const admin = {
    endpoint: url,
    // Python's SDK sends no credentials where this is true, and goes by the scheme where it is false.
    insecure: false,
    authType: 'ExternalCommand',
    command: ['printenv', ACTION_TOKEN_VARIABLE],
    ...(files.certificate !== undefined && { caCertFilePath: files.certificate }),
  };
  // YAML, too.
  replaceFile(files.config, Buffer.from(`${JSON.stringify({ admin }, undefined, 2)}\n`));
  return files;
}

/** What an attempt calls the plane by. */
export function clientVariables({ config, certificate }: ClientFiles, token: string): Variables {
  return {
    FLYTECTL_CONFIG: config,
    // Python's SDK writes what its children get without making the folder, which stores of objects do not have.
    FSSPEC_FILE_AUTO_MKDIR: 'true',
    [ACTION_TOKEN_VARIABLE]: token,
    ...(certificate !== undefined && { NODE_EXTRA_CA_CERTS: certificate }),
  };
}
