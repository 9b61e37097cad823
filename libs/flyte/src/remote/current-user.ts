import { createParamDecorator, Injectable, type ExecutionContext, type PipeTransform } from '@nestjs/common';
import type { AuthMetadata } from '../auth/auth-metadata.js';
import { getAuthMetadata } from '../auth/auth-scope.js';
import { inboundRequest } from '../auth/inbound-request.js';
import { UserService, type User } from './user.service.js';

/** Asks once per request who the caller is, however often it is wanted. */
@Injectable()
export class CurrentUser {
  // Keyed by the request's own object, and by whose answer it is: what one caller was told can't reach another.
  readonly byRequest = new WeakMap<object, { readonly metadata?: AuthMetadata; readonly user: Promise<User> }>();

  constructor(readonly users: UserService) {}

  /**
   * The caller of a request.
   *
   * @throws FlyteError as {@link UserService.get} does; a failure is not kept
   */
  async of(context: ExecutionContext): Promise<User> {
    const { identity } = inboundRequest(context);
    const metadata = getAuthMetadata();
    const known = this.byRequest.get(identity);
    if (known && known.metadata === metadata) return known.user;
    const user = this.users.get();
    this.byRequest.set(identity, { metadata, user });
    user.catch(() => this.byRequest.delete(identity));
    return user;
  }
}

@Injectable()
class FlyteUserPipe implements PipeTransform<ExecutionContext, Promise<User>> {
  constructor(readonly currentUser: CurrentUser) {}

  transform(context: ExecutionContext): Promise<User> {
    return this.currentUser.of(context);
  }
}

const FromContext = createParamDecorator((_: unknown, context: ExecutionContext) => context);

/**
 * The caller, as a parameter of a handler: `me(@FlyteUser() user: User)`. Flyte is asked once per request, however often
 * this is used. Of several connections, the unnamed one.
 */
export function FlyteUser(): ParameterDecorator {
  return FromContext(FlyteUserPipe);
}
