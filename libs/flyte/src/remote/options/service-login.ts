import { hasKey } from '../../errors/brand.js';
import type { AuthMetadata } from '../../auth/auth-metadata.js';

/** How Flyte wants clients to log in, as its AuthMetadataService says. */
export interface FlyteLoginAdvice {
  /** Who issues its tokens. */
  readonly issuer: string;
  /** Where clients get them; empty where Flyte names none. */
  readonly tokenEndpoint: string;
  /** How clients may show their secret there; none where Flyte does not say. */
  readonly authMethods: readonly string[];
  /** Which scopes to ask for, none for the issuer's own choice. */
  readonly scopes: readonly string[];
  /** Whom tokens are for; empty where Flyte does not say. */
  readonly audience: string;
  /** The header that takes the token; empty for `authorization`. */
  readonly header: string;
}

/** The Flyte that a login is for. */
export interface LoginTarget {
  /** Host and port, for messages. */
  readonly authority: string;
  /** Whether nobody on the way can change what it says: it is asked over TLS, or on this machine. */
  readonly isTrusted: boolean;
  /** Asks it, without credentials, how to log in. */
  readonly advice: () => Promise<FlyteLoginAdvice>;
}

/**
 * Gives the app's own credentials for a call.
 *
 * @param refused those that Flyte has just answered `unauthenticated` to: give others, if there are any
 */
export type GiveCredentials = (refused?: AuthMetadata) => Promise<AuthMetadata>;

/** By this, a login is opened for one connection. A text, so that two copies of the library agree. */
export const OPEN_LOGIN = Symbol.for('nestjs-flyte.ServiceLogin');

/**
 * A way to log in as a service, for the option `credentials`: {@link clientCredentials}, {@link tokenFile} or
 * {@link externalCommand}. What it knows is in a closure: printing, inspecting or JSON-encoding one shows its kind.
 */
export interface ServiceLogin {
  readonly kind: 'clientCredentials' | 'tokenFile' | 'externalCommand' | 'action';
  /** Opens it for one Flyte: tokens of one never travel to another. */
  readonly [OPEN_LOGIN]: (flyte: LoginTarget) => GiveCredentials;
}

/** Closes what a login knows into a {@link ServiceLogin}. */
export function serviceLogin(kind: ServiceLogin['kind'], open: (flyte: LoginTarget) => GiveCredentials): ServiceLogin {
  const login = { kind, [OPEN_LOGIN]: open };
  Object.defineProperty(login, OPEN_LOGIN, { enumerable: false });
  return Object.freeze(login);
}

/** Whether a value is a {@link ServiceLogin}, of this copy of the library or of another one in the same process. */
export function isServiceLogin(value: unknown): value is ServiceLogin {
  return hasKey(value, OPEN_LOGIN);
}
