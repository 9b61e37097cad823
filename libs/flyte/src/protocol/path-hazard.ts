import { FlyteError } from '../errors/flyte-error.js';

/** Characters that no file name should hold: controls, line separators, and halves of surrogate pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/**
 * Says why a relative path would leave the folder it is joined to, or name the same file as another spelling of it:
 * absolute, a `..`, `.` or empty segment, or a character that no file name should hold. `\` counts as a separator and
 * `C:\` as absolute, because the control plane for development also runs on Windows. ARNs (`arn:aws:…`) and Vault
 * paths (`kv/data/team`) pass.
 *
 * @param path with `/` between segments
 * @returns what is wrong, to put behind "it", or undefined where the path is fine
 */
export function pathHazard(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (UNPRINTABLE.test(path)) return 'holds a control character';
  if (/^(?:[/\\]|[A-Za-z]:[/\\])/.test(path)) return 'is an absolute path';
  const segments = path.split(/[/\\]/);
  if (segments.includes('..')) return 'has a ".." segment';
  if (segments.includes('.') || segments.includes('')) return 'has an empty or "." segment';
  return undefined;
}

/**
 * Refuses what {@link pathHazard} finds. Whoever writes files under names that came from elsewhere calls this again
 * right before writing, whatever was checked earlier.
 *
 * @param what the path's role, to begin the message with, such as `Secret field key`
 * @throws FlyteError `invalid_configuration`
 */
export function assertStaysInside(what: string, path: string): void {
  const hazard = pathHazard(path);
  if (hazard === undefined) return;
  throw new FlyteError(
    'invalid_configuration',
    `${what} ${hazard}: ${quoted(path)}. It names a file inside a folder and may not leave it; a valid example: "team/api-key".`,
  );
}

/** A value as messages quote it: escaped, and cut at 80 characters in case someone passed the secret itself. */
export function quoted(value: unknown): string {
  if (typeof value !== 'string') return value === null ? 'null' : `a value of type ${typeof value}`;
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}
