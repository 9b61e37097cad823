/**
 * Whether keys may be fetched from a URL, or secrets sent to it: whoever can change what is on the way would sign as anybody,
 * or read them. In plaintext to this machine alone.
 */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  // URL writes every form of this machine's address in these.
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback);
}
