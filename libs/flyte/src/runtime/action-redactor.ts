import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ACTION_TOKEN_VARIABLE } from '../protocol/action-token.js';
import { Redactor } from '../protocol/redactor.js';
import { urlDecoded } from '../protocol/url-decoded.js';
import { SECRETS_DIR_VARIABLE } from '../secrets/read-secret.js';
import type { Secret } from '../secrets/secret.js';

type Environment = Readonly<Record<string, string | undefined>>;

// Words of names whose values are credentials, `author` and the like left out, and ends of names that tell where a
// credential is, or how it is used.
const SOUNDS_SECRET =
  /key|token|secret|passw|passphrase|pwd|cred|auth(?!or)|jwt|cookie|dsn|(?:^|_)(?:pass|pin)(?:$|_)/i;
const TELLS_WHERE = /_(?:DIR|FILE|PATH|SOCK|PREFIX|NAME|MODE|TYPE|METHOD|HOST|PORT)$/i;
// Values that say it themselves: PEM, a JWT.
const LOOKS_SECRET = /-----BEGIN |^eyJ[\w-]+\./i;
const ONE_WORD = /^[\w+=~.-]+$/;
const LONG_PART = /\w{16,}/g;
// What Flyte itself sets: names of runs and pods, as random as a credential, and what messages are made of.
const SET_BY_FLYTE = /^(?:ACTION_NAME|RUN_NAME|HOSTNAME|_F_PN|FLYTE_INTERNAL_.*|_U_.*)$/;
/** Names the prefix of the variables by which Flyte's secret injection hands secrets over. */
const SECRET_PREFIX_VARIABLE = 'FLYTE_SECRETS_ENV_PREFIX';
const MAX_FILES = 100;
const MAX_FILE_BYTES = 1024 * 1024;

/** Takes a task's secrets, and what its process calls the local control plane with, out of what the runtime quotes. */
export function redactorOf(secrets: readonly Secret[], env: Environment): Redactor {
  const values = secrets.flatMap((secret) => {
    try {
      return [secret.readBytes(env)];
    } catch {
      return [];
    }
  });
  // The plane hides it, too, but knows that of the attempt alone, and a step's failure outlives its attempt.
  return new Redactor([...values, env[ACTION_TOKEN_VARIABLE] ?? '']);
}

/**
 * The same before the task is known, while its module loads: nobody can say yet which secrets it declares. It hides every
 * file of secrets, the variables that Flyte's secret injection sets, and those that say by their name or their value that
 * they are a credential. All others stay: they are what a message about a module is made of, paths and names.
 */
export function cautiousRedactor(env: Environment): Redactor {
  const prefix = env[SECRET_PREFIX_VARIABLE];
  const values = Object.entries(env).flatMap(([name, value = '']) => {
    if (prefix && name.startsWith(prefix)) return [value];
    if (SOUNDS_SECRET.test(name) && !TELLS_WHERE.test(name) && !existsSync(value)) return [value];
    const isRandom = isRandomWord(value) && !SET_BY_FLYTE.test(name);
    return LOOKS_SECRET.test(value) || isRandom ? [value] : passwordIn(value);
  });
  return new Redactor([...values, ...filesIn(env[SECRETS_DIR_VARIABLE])]);
}

/** Whether a value is one word with 16 letters and digits in a row, as no person writes it. */
function isRandomWord(value: string): boolean {
  if (!ONE_WORD.test(value)) return false;
  return (value.match(LONG_PART) ?? []).some((part) => /\d/.test(part) && /[a-z]/i.test(part));
}

/** The password of a URL, as it stands there and decoded; of one without, nothing. */
function passwordIn(value: string): string[] {
  if (!value.includes('@')) return [];
  const password = URL.canParse(value) ? new URL(value).password : '';
  const [, written = ''] = /^[^@]*?:\/\/[^:@]*:(.*)@/.exec(value) ?? [];
  return [password, written, urlDecoded(password)].filter((one) => one !== '');
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
