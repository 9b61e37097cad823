import { createParamDecorator, Injectable, type ExecutionContext, type PipeTransform } from '@nestjs/common';
import { getAuthMetadata } from '../../auth/auth-scope.js';
import { inboundRequest } from '../../auth/inbound-request.js';
import { UserService, type User } from './user.service.js';

/** Asks once per request who the caller is, however often it is wanted. */
@Injectable()
export class CurrentUser {
  // Keyed by the credentials that the guard found for the request, or by the request where there are none to find: what
  // one caller was told can't reach another.
  readonly byCaller = new WeakMap<object, Promise<User>>();

  constructor(readonly users: UserService) {}

  /**
   * The caller of a request.
   *
   * @throws FlyteError as {@link UserService.get} does; a failure is not kept
   */
  async of(context: ExecutionContext): Promise<User> {
    const caller = getAuthMetadata() ?? inboundRequest(context).identity;
    const known = this.byCaller.get(caller);
    if (known) return known;
    const user = this.users.get();
    this.byCaller.set(caller, user);
    user.catch(() => this.byCaller.delete(caller));
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
