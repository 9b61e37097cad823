import { FlyteError } from '../errors/flyte-error.js';
import { quoted } from '../protocol/path-hazard.js';
import { Secret } from './secret.js';

/** What takes secrets takes one or several, each a {@link Secret} or the key of one that arrives as a variable. */
export type SecretRequest = string | Secret | readonly (string | Secret)[];

/**
 * The secrets of a request, in its order. Equal ones stay: whoever joins several requests decides what to do.
 *
 * @throws FlyteError `invalid_configuration` as the constructor of {@link Secret}, or where an element is neither
 */
export function secretsOf(request: SecretRequest | undefined): Secret[] {
  if (request === undefined) return [];
  const elements: readonly unknown[] = Array.isArray(request) ? request : [request];
  return elements.map((element, index) => {
    if (Secret.is(element)) return element;
    if (typeof element === 'string') return new Secret({ key: element });
    throw new FlyteError(
      'invalid_configuration',
      `Element ${index} of secrets is ${quoted(element)}; a valid example: ` +
        'secrets: ["my-api-key", new Secret({ key: "ssh-key", mount: "/etc/flyte/secrets" })].',
    );
  });
}
