/**
 * Whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1, without a port, in brackets or not. Names below
 * `localhost` do not count, since some systems ask a name server about them.
 */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  if (name === 'localhost' || name === '::1' || name === '[::1]') return true;
  // Strictly four decimal numbers: other spellings of an address are read differently by different programs.
  const octets = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(name)?.slice(1);
  return octets !== undefined && octets.every((octet) => Number(octet) <= 255);
}
