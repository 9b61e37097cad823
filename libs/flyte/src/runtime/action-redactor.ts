import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Redactor } from '../images/redactor.js';
import { SECRETS_DIR_VARIABLE } from '../secrets/read-secret.js';
import type { Secret } from '../secrets/secret.js';

type Environment = Readonly<Record<string, string | undefined>>;

// What Flyte, Kubernetes, Node and the system set themselves.
const NO_SECRETS =
  /^(?:PATH|HOME|PWD|OLDPWD|SHLVL|SHELL|USER|LOGNAME|HOSTNAME|TERM|TZ|LANG|LANGUAGE|LC_.*|_|NO_COLOR|NODE_.*|npm_.*|NEST_.*|NESTJS_.*|RUN_NAME|ACTION_NAME|FLYTE_.*|_U_.*|_F_.*|KUBERNETES_.*|\w+_(?:SERVICE_HOST|SERVICE_PORT|PORT)\w*)$/;
// Short values are words of the language, such as `json` and `main`, unless their name says otherwise.
const MIN_SECRET_LENGTH = 8;
const SOUNDS_SECRET = /key|token|secret|pass|pwd|cred|auth|pin|cert|dsn/i;
const MAX_FILES = 100;
const MAX_FILE_BYTES = 1024 * 1024;

/** Takes a task's secrets out of what the runtime quotes. */
export function redactorOf(secrets: readonly Secret[], env: Environment): Redactor {
  return new Redactor(
    secrets.flatMap((secret) => {
      try {
        return [secret.readBytes(env)];
      } catch {
        return [];
      }
    }),
  );
}

/**
 * The same before the task is known, while its module loads: whatever may be a secret, which is every variable that
 * neither Flyte nor the system sets, and every file of secrets.
 */
export function cautiousRedactor(env: Environment): Redactor {
  const values = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || NO_SECRETS.test(name) || (value.length < MIN_SECRET_LENGTH && !SOUNDS_SECRET.test(name))
      ? []
      : [value],
  );
  return new Redactor([...values, ...filesIn(env[SECRETS_DIR_VARIABLE])]);
}

function filesIn(folder: string | undefined): Uint8Array[] {
  if (!folder) return [];
  try {
    return readdirSync(folder, { recursive: true })
      .slice(0, MAX_FILES)
      .map((name) => join(folder, String(name)))
      .flatMap((path) => {
        const status = statSync(path);
        return status.isFile() && status.size <= MAX_FILE_BYTES ? [readFileSync(path)] : [];
      });
  } catch {
    return [];
  }
}
