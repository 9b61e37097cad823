import { FlyteError } from '../errors/flyte-error.js';

const LOGIN = 'FLYTE_TOKEN_FILE, FLYTE_TOKEN or FLYTE_CLIENT_ID';

/** What errors advise whoever writes an app, and what whoever types a command can do in its place. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/Give FlyteModule "passthrough: true"[^]*? as the app\./, `Log in by ${LOGIN}.`],
  [
    /It was called with what the option "credentials" of FlyteModule gave: see whether that is still good\./,
    `See whether the login is still good, and is one for this Flyte: that of ${LOGIN}, or of the configuration file.`,
  ],
  [
    /FlyteModule was given the project ("[^"]*"): correct its option "project"/,
    'The command was given the project $1: correct --project or FLYTE_PROJECT',
  ],
  [
    /give FlyteModule an "http:\/\/" endpoint, or "insecure: true"/,
    'give FLYTE_ENDPOINT with "http://", and beyond this machine set FLYTE_INSECURE=true',
  ],
  [
    /Give clientCredentials the option [^.]*\./,
    'FLYTE_CLIENT_ID needs a Flyte over TLS that says how to log in: give a token in FLYTE_TOKEN_FILE or FLYTE_TOKEN instead.',
  ],
  [/Option "endpoint": (".*) set "insecure" to true\./, 'The endpoint: $1 set FLYTE_INSECURE=true.'],
  [/"endpoint" of FlyteModule/, 'FLYTE_ENDPOINT'],
];

/** What the library says of a scope that is not complete. */
const NO_SCOPE = /: no (?:project|domain)\b.* FlyteModule/;

/** An error whose advice is for this command, where the library's is for an app: a command has no FlyteModule. */
export function inOwnWords(error: unknown): unknown {
  // What a task failed with is the task's own.
  if (!FlyteError.is(error) || error.run !== undefined) return error;
  const { code, message, detail } = error;
  if (code === 'misuse' && NO_SCOPE.test(message)) {
    const missing = ['project', 'domain'].filter((name) => message.includes(`no ${name}`));
    const give = missing.map((name) => `--${name} or FLYTE_${name.toUpperCase()}`).join(', and ');
    return new FlyteError('invalid_argument', `There is no ${missing.join(' and no ')}: give ${give}.`);
  }
  const own = (text: string): string => ADVICE.reduce((said, [theirs, ours]) => said.replace(theirs, ours), text);
  return new FlyteError(code, own(message), detail === undefined ? {} : { detail: own(detail) });
}
