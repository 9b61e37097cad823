import { createAuthMetadata, valueProblem, type AuthMetadata } from '../../auth/auth-metadata.js';
import { checkHeaderName } from '../../auth/header-names.js';
import { outsideRequests } from '../../auth/outside-requests.js';
import { FlyteError } from '../../errors/flyte-error.js';

/** Options of every login with a bearer token. */
export interface BearerOptions {
  /** The header that takes `Bearer <token>`. `authorization` if not given. */
  readonly header?: string;
}

/** Why a header can't take a token, or undefined if it can. */
export function headerProblem(header: unknown): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string') return 'takes the name of a header';
  try {
    checkHeaderName(header);
    return undefined;
  } catch (error) {
    return FlyteError.is(error) ? `is refused: ${error.message}` : 'is refused';
  }
}

/**
 * A bearer token as the header it travels in. The Python SDK writes `Bearer` into a header of another name, too.
 *
 * @param giver who gave it, as a sentence begins
 * @throws FlyteError `unauthenticated` for what is no token, or longer than a header takes; it is not quoted
 */
export function bearerHeader(giver: string, text: string, header = 'authorization'): AuthMetadata {
  const token = text.trim();
  // In any form that an issuer may choose; what is more than one word is a message, or a file of something else.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw refused(giver, token === '' ? 'nothing' : 'what is no token: it has blanks, or characters outside ASCII');
  }
  const value = `Bearer ${token}`;
  const problem = valueProblem(value);
  if (problem !== undefined) throw refused(giver, `what no header takes: it ${problem}`);
  return createAuthMetadata({ [header]: value });
}

function refused(giver: string, what: string): FlyteError {
  return new FlyteError('unauthenticated', `${giver} gave ${what}. It is to give one token, and nothing else.`, {
    fault: 'operator',
  });
}

/** For how long a token is good, in milliseconds, as far as it is a JWT that says so. */
export async function lifetimeOf(text: string): Promise<number | undefined> {
  const { decodeJwt } = await outsideRequests(() => import('jose/jwt/decode'));
  try {
    const { exp } = decodeJwt(text.trim());
    return exp === undefined ? undefined : Math.max(0, exp * 1000 - Date.now());
  } catch {
    return undefined;
  }
}
