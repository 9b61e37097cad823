import { isLoopback } from '../protocol/loopback.js';

/**
 * Whether keys may be fetched from a URL, or secrets sent to it: whoever can change what is on the way would sign as anybody,
 * or read them. In plaintext to this machine alone.
 */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
