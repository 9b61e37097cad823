import { SetMetadata } from '@nestjs/common';
import { AUTH_REQUIREMENT, type AuthRequirement } from './auth-policy.js';

/**
 * Opens a handler, or all handlers of a controller, to anyone. Its code runs in no scope: calls to Flyte as the caller
 * fail there, even if the request brought credentials. On a class, it opens that class and none that extends it; on a
 * method, that method also where a subclass inherits it.
 */
export function SkipFlyteAuth(): ClassDecorator & MethodDecorator {
  return SetMetadata(AUTH_REQUIREMENT, 'none' satisfies AuthRequirement);
}

/**
 * Opens a handler, or all handlers of a controller, to anyone, and scopes the credentials of those who bring some. What
 * extends the controller stays closed, as with {@link SkipFlyteAuth}.
 */
export function OptionalFlyteAuth(): ClassDecorator & MethodDecorator {
  return SetMetadata(AUTH_REQUIREMENT, 'optional' satisfies AuthRequirement);
}
