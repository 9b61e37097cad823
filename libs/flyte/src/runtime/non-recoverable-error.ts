import { brand } from '../errors/brand.js';

const branded = brand<NonRecoverableError>('NonRecoverableError');

/**
 * Thrown by a task, ends the run at once: Flyte does not use up the retries that the task declares. For what no retry
 * would change. Its name, or the `code` given, is the code that Flyte shows. The Python SDK's
 * `flyte.errors.NonRecoverableError`.
 */
export class NonRecoverableError extends Error {
  override readonly name: string;

  /** @param code what Flyte shows as the kind of failure; `NonRecoverableError` if not given */
  constructor(message: string, options: ErrorOptions & { readonly code?: string } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = options.code ?? 'NonRecoverableError';
    branded.mark(this);
  }

  /** Whether a value is one, of this copy of the library or of another one in the same process. */
  static is(value: unknown): value is NonRecoverableError {
    return branded.is(value);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return NonRecoverableError.is(value);
  }
}
