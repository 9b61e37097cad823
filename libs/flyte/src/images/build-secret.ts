import { basename, isAbsolute } from 'node:path';
import { SECRETS_MOUNT } from '../secrets/read-secret.js';
import { Secret } from '../secrets/secret.js';
import { quoted } from '../protocol/path-hazard.js';
import { type SecretRequest, secretsOf } from '../secrets/secret-request.js';
import { imageError } from './dockerfile-text.js';
import { containerPath } from './image-names.js';

/** A secret as a step of a build receives it. Names only, never a value. */
export interface BuildSecret {
  /** What it is, for messages. */
  readonly label: string;
  /** What tells it from others, the same on every machine: part of the image's tag. */
  readonly identity: string;
  /** The names of a secret; undefined where a file is given by its path. */
  readonly secret: Secret | undefined;
  /** The file on the machine that builds; undefined for a {@link Secret}. */
  readonly path: string | undefined;
  /** The variable that carries it during the step. */
  readonly variable: string | undefined;
  /** The file that holds it during the step; undefined where it may stand anywhere. */
  readonly file: string | undefined;
}

/**
 * The secrets of a step: a {@link Secret}, an absolute path to a file on the machine that builds, or any other string,
 * the key of a Secret.
 *
 * @throws FlyteError `invalid_configuration` as Secret, for a path that can't be mounted, or where two claim one variable or file
 */
export function buildSecretsOf(request: SecretRequest | undefined): BuildSecret[] {
  const elements = request === undefined ? [] : typeof request === 'string' || Secret.is(request) ? [request] : request;
  const secrets = elements.flatMap((element) =>
    typeof element === 'string' && isPath(element) ? [fileSecret(element)] : secretsOf(element).map(namedSecret),
  );
  return withoutConflicts(secrets);
}

/** The secrets of several requests in one step, each once. @throws FlyteError `invalid_configuration` where two claim one variable or file */
export function withoutConflicts(secrets: readonly BuildSecret[]): BuildSecret[] {
  const kept: BuildSecret[] = [];
  for (const secret of secrets) {
    if (kept.some(({ identity, path }) => identity === secret.identity && path === secret.path)) continue;
    const rival = kept.find(
      ({ variable, file }) =>
        (variable !== undefined && variable === secret.variable) || (file !== undefined && file === secret.file),
    );
    if (rival !== undefined) {
      const place = rival.file === secret.file && rival.file !== undefined ? rival.file : rival.variable;
      throw imageError(`Two secrets of one build step claim ${place}: ${rival.label} and ${secret.label}.`);
    }
    kept.push(secret);
  }
  return kept;
}

function isPath(text: string): boolean {
  return text.startsWith('/') || isAbsolute(text);
}

function fileSecret(path: string): BuildSecret {
  // Builders take the path as one field among others that commas part.
  if (/[,"\p{Cc}]/u.test(path)) {
    throw imageError(`A secret's file may have no comma, quote or control character in its path: ${quoted(path)}.`);
  }
  const name = basename(path);
  const file = `/run/secrets/${containerPath("The name of a secret's file", name)}`;
  return { label: `the file ${path}`, identity: `file:${name}`, secret: undefined, path, variable: undefined, file };
}

function namedSecret(secret: Secret): BuildSecret {
  const file =
    secret.mount === undefined
      ? undefined
      : containerPath('The file of a secret in a build', `${SECRETS_MOUNT}/${fileName(secret)}`);
  return {
    label: secret.toString(),
    identity: `secret:${secret.stableHash()}`,
    secret,
    path: undefined,
    variable: secret.asEnvVar,
    file,
  };
}

function fileName({ group, key }: Secret): string {
  return group === undefined ? key : `${group}/${key}`;
}
