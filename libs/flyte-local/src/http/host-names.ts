import { isIPv6 } from 'node:net';

/** Addresses that mean "every interface" when they are listened on. */
const WILDCARDS = new Set(['0.0.0.0', '::']);

/** Whether an address to listen on means every interface. */
export function isWildcard(host: string): boolean {
  return WILDCARDS.has(host);
}

/** A host as it stands in a URL: an IPv6 address in brackets. */
export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * The host of `host`, `host:port`, `[address]` or `[address]:port`, in lower case and without brackets.
 *
 * @returns undefined for anything else
 */
export function hostOf(authority: string): string | undefined {
  const [, address, name] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(authority) ?? [];
  return (address ?? name)?.toLowerCase();
}

/**
 * A name or an address without a port, in lower case and without brackets.
 *
 * @returns undefined for anything else
 */
export function hostName(text: string): string | undefined {
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (isIPv6(bare)) return bare.toLowerCase();
  return /^[\w.-]+$/.test(text) ? text.toLowerCase() : undefined;
}
