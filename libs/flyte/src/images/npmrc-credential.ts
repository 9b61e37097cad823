import { quoted } from '../protocol/path-hazard.js';
import { imageError } from './dockerfile-text.js';

/** A line that sets a credential to something else than one variable. */
const CREDENTIAL = /^[^#;=]*(?::|^|\s)(?:_auth|_authToken|_password)\s*=\s*(?!["']?\$\{[^}]+\}["']?\s*$)\S/m;

/**
 * Refuses an npmrc that holds a credential itself rather than the name of a variable, for it would stay in the image.
 *
 * @throws FlyteError `invalid_configuration`, without the credential
 */
export function assertNoCredential(path: string, text: string): void {
  if (!CREDENTIAL.test(text)) return;
  throw imageError(
    `${quoted(path)} holds a credential, which would stay in the image. Put a variable in its place, ` +
      'as in "//npm.acme.dev/:_authToken=${NPM_TOKEN}", and give the secret in secretMounts or registries.',
  );
}
