import { FlyteError } from 'nestjs-flyte/protocol';
import { readLastStart } from '../state/last-start.js';
import { DEFAULT_STATE, MEMORY_STATE, openStateFolder } from '../state/state-folder.js';
import { openSigningKey } from './signing-key.js';
import { signToken, type TokenClaims } from './sign-token.js';

/** What {@link mintToken} takes. */
export interface MintTokenOptions extends TokenClaims {
  /** The plane's state folder, `.flyte-local` by default. */
  readonly state?: string | undefined;
  /** Who holds the token. */
  readonly subject: string;
}

/**
 * Mints a token for the plane of a state folder. The plane may be running, stopped, or never started: then this makes
 * the folder and its key, and the plane takes them over. The issuer is where the plane listened last, and the audience
 * is what it asked for then, unless the options say another.
 *
 * @returns the token, a JWT for an `Authorization: Bearer` header; it is a credential, so keep it out of logs
 * @throws FlyteError `invalid_configuration` if the folder is damaged, somebody else's, or `:memory:`; `misuse` if a claim
 * has a wrong form
 */
export async function mintToken(options: MintTokenOptions): Promise<string> {
  const { state = DEFAULT_STATE, subject, ...claims } = options;
  if (state === MEMORY_STATE) {
    throw new FlyteError(
      'invalid_configuration',
      'A plane in memory keeps its key to itself. Mint with the method `token` of the plane, or give both a folder.',
    );
  }
  const folder = openStateFolder(state);
  const start = readLastStart(folder);
  const key = await openSigningKey(folder);
  return signToken(key, start.url, subject, { ...claims, audience: claims.audience ?? start.audience });
}
