import type { TokenClaims } from '../tokens/sign-token.js';

/** A running control plane. */
export interface LocalControlPlane extends AsyncDisposable {
  /** Where it listens, for example `http://127.0.0.1:8090`; also the issuer of its tokens. */
  readonly url: string;
  /** The port it listens on. */
  readonly port: number;
  /** Where its public key is, for verifiers of its tokens. */
  readonly jwksUri: string;
  /** Whom its tokens are for. */
  readonly audience: string;
  /**
   * Mints a token for this plane.
   *
   * @param subject who holds it
   * @param claims what else it says
   * @throws FlyteError `misuse` if a claim has a wrong form
   */
  token(subject: string, claims?: TokenClaims): Promise<string>;
  /**
   * Ends every connection within a quarter of a second and every running action within its grace, then frees the port and
   * the state; a second call does nothing.
   */
  close(): Promise<void>;
}
