import { Inject } from '@nestjs/common';
import { FlyteClient } from './remote/flyte-client.js';

/** The injection token of a connection's {@link FlyteClient}: the class itself for the unnamed one. */
export function getFlyteToken(name?: string): typeof FlyteClient | symbol {
  return name === undefined ? FlyteClient : Symbol.for(`nestjs-flyte.client.${name}`);
}

/** Injects the client of a named connection: `@InjectFlyte('eu') flyte: FlyteClient`. */
export function InjectFlyte(name?: string): ParameterDecorator & PropertyDecorator {
  return Inject(getFlyteToken(name));
}
