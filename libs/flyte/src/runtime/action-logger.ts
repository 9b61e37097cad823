import { isatty } from 'node:tty';
import { ConsoleLogger } from '@nestjs/common';

// What Nest says while it starts is of no use in the log of an action; why it did not start, the runtime says.
const NESTS_OWN = new Set(['NestFactory', 'InstanceLoader', 'ExceptionHandler', 'Injector']);

/** Nest's own logger without what Nest says of itself, and without colours where nobody would see them. */
export class ActionLogger extends ConsoleLogger {
  constructor() {
    super({ colors: isatty(process.stdout.fd) && process.env['NO_COLOR'] === undefined, prefix: 'Flyte' });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!NESTS_OWN.has(String(rest.at(-1)))) super.log(message, ...(rest as [string]));
  }

  override error(message: unknown, ...rest: unknown[]): void {
    if (!NESTS_OWN.has(String(rest.at(-1)))) super.error(message, ...(rest as [string]));
  }
}
