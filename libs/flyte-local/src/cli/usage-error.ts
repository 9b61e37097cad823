/** The command was called wrongly, and the exit code says so. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
