import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JWK,
  type JWK_EC_Private,
} from 'jose';
import { FlyteError } from 'nestjs-flyte/protocol';
import { codeOf, createFileOnce, readIfPresent } from '../state/atomic-file.js';
import { STATE_FILES } from '../state/state-folder.js';

/** The one signature algorithm of this plane; signing and verifying both pin it. */
export const SIGNING_ALGORITHM = 'ES256';

/** The key pair of one state folder. */
export interface SigningKey {
  /** The key's name in the JWKS: its RFC 7638 thumbprint. */
  readonly id: string;
  /** Signs tokens. */
  readonly privateKey: CryptoKey;
  /** Verifies them. */
  readonly publicKey: CryptoKey;
  /** The public half as the JWKS shows it. */
  readonly publicJwk: JWK;
}

/** A new key pair that is kept nowhere. */
export async function createSigningKey(): Promise<SigningKey> {
  return toSigningKey(await newJwk());
}

/**
 * The key pair of a state folder, made at the first call.
 *
 * @param folder a folder from `openStateFolder`
 * @throws FlyteError `invalid_configuration` if the key is damaged, can't be read, or can be read by other users
 */
export async function openSigningKey(folder: string): Promise<SigningKey> {
  const path = join(folder, STATE_FILES.signingKey);
  const text = readKey(path);
  if (text !== undefined) return parseKey(path, text);
  const jwk = await newJwk();
  try {
    if (createFileOnce(path, `${JSON.stringify(jwk)}\n`)) return await toSigningKey(jwk);
  } catch (error) {
    throw unusable(path, `can't be written (${codeOf(error)})`, 'Choose another state folder.');
  }
  return parseKey(path, readKey(path) ?? '');
}

async function newJwk(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true });
  return exportJWK(privateKey);
}

function readKey(path: string): string | undefined {
  try {
    const text = readIfPresent(path);
    // A key that git checked out or that somebody unpacked is known to others, and it shows in its permissions.
    if (text !== undefined && process.platform !== 'win32' && (lstatSync(path).mode & 0o077) !== 0) {
      throw unusable(
        path,
        'can be read by other users, so others may know it',
        'If you made it here, run chmod 600 on it; if it came from elsewhere, delete it.',
      );
    }
    return text;
  } catch (error) {
    if (error instanceof FlyteError) throw error;
    throw unusable(path, `can't be read (${codeOf(error)})`, 'Choose another state folder.');
  }
}

async function parseKey(path: string, text: string): Promise<SigningKey> {
  try {
    const jwk: unknown = JSON.parse(text);
    if (isPrivateJwk(jwk)) return await toSigningKey(jwk);
  } catch {
    // Without a cause: an error of a parser may quote what it parsed.
  }
  throw unusable(path, 'is damaged', 'Delete it to get a new one; tokens minted before are refused then.');
}

function isPrivateJwk(value: unknown): value is JWK_EC_Private {
  if (typeof value !== 'object' || value === null) return false;
  const { kty, crv, x, y, d }: Record<string, unknown> = { ...value };
  return kty === 'EC' && crv === 'P-256' && [x, y, d].every((member) => typeof member === 'string');
}

async function toSigningKey(jwk: JWK): Promise<SigningKey> {
  const { kty, crv, x, y } = jwk;
  const id = await calculateJwkThumbprint({ kty, crv, x, y });
  const publicJwk: JWK = { kty, crv, x, y, kid: id, alg: SIGNING_ALGORITHM, use: 'sig' };
  const privateKey = await importJWK(jwk, SIGNING_ALGORITHM);
  const publicKey = await importJWK(publicJwk, SIGNING_ALGORITHM);
  if (privateKey instanceof Uint8Array || publicKey instanceof Uint8Array) {
    throw new TypeError('not a key of an asymmetric algorithm');
  }
  return { id, privateKey, publicKey, publicJwk };
}

function unusable(path: string, problem: string, remedy: string): FlyteError {
  return new FlyteError('invalid_configuration', `The signing key ${path} ${problem}. ${remedy}`);
}
