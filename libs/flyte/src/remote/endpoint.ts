import { isIP } from 'node:net';
import { FlyteError } from '../errors/flyte-error.js';

/** Where Flyte is, as the transport needs it. */
export interface Endpoint {
  /** Scheme, host and port: `https://flyte.example.com:443`. */
  readonly url: string;
  /** Host and port, for messages. */
  readonly authority: string;
  /** Whether the connection is plaintext. */
  readonly plaintext: boolean;
  /** Whether it is on this machine, as the local control plane is. */
  readonly isLocal: boolean;
}

const FORMS =
  '"dns:///flyte.example.com", "flyte.example.com:443", "https://flyte.example.com" or "http://localhost:8090"';

/**
 * Reads an endpoint in any of the forms that Flyte's users write. `http://` is plaintext; `https://`, `dns:///` and a bare
 * `host:port` are TLS unless `insecure`. The port defaults to 443 with TLS and to 80 without.
 *
 * @param insecure plaintext; needed, and enough, to talk plaintext to a host that is not this machine
 * @throws FlyteError `invalid_configuration`
 */
export function parseEndpoint(endpoint: string, insecure: boolean | undefined): Endpoint {
  const wrong = (problem: string): FlyteError =>
    new FlyteError('invalid_configuration', `Option "endpoint": ${problem}. Write ${FORMS}.`);
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(endpoint) ?? [undefined, undefined, endpoint];
  const form = scheme?.toLowerCase();
  if (form !== undefined && !['http', 'https', 'dns'].includes(form)) throw wrong(`the scheme "${form}://" is unknown`);
  if (form === 'dns' && !rest.startsWith('/')) throw wrong('"dns:" takes three slashes');
  const address = form === 'dns' ? rest.slice(1) : rest;
  const plaintext = form === 'http' || (form !== 'https' && insecure === true);
  if (form === 'https' && insecure) {
    throw new FlyteError(
      'invalid_configuration',
      'Option "insecure": true contradicts the "https://" of option "endpoint". Remove one of them.',
    );
  }
  const protocol = plaintext ? 'http' : 'https';
  if (address.includes('@')) throw wrong('it holds a user or a password, which travel otherwise'); // and is not quoted
  if (!URL.canParse(`${protocol}://${address}`)) throw wrong(`${JSON.stringify(endpoint)} is not an address`);
  const url = new URL(`${protocol}://${address}`);
  if (url.pathname !== '/' || url.search || url.hash)
    throw wrong(`${JSON.stringify(endpoint)} has more than a host and a port`);
  if (plaintext && insecure !== true && !isLoopback(url.hostname)) {
    throw new FlyteError(
      'invalid_configuration',
      `Option "endpoint": "http://" would send credentials in clear to ${url.hostname}. Use "https://", or set "insecure" to true.`,
    );
  }
  const authority = `${url.hostname}:${url.port || (plaintext ? '80' : '443')}`;
  return { url: `${protocol}://${authority}`, authority, plaintext, isLocal: isLoopback(url.hostname) };
}

/** Whether a host, as URL writes it, is this machine. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
}
