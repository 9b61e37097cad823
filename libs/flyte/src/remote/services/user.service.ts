import type { JsonObject } from '@bufbuild/protobuf';
import { createClient, type Transport } from '@connectrpc/connect';
import { IdentityService, type UserInfoResponse } from '../../gen/flyteidl2/auth/identity_pb.js';
import type { CallOptions } from '../connection/call-options.js';

/**
 * Who Flyte says the caller is: the claims of OpenID Connect's UserInfo. What Flyte does not know is an empty text; the
 * open-source backend fills subject, name, given and family name, and email.
 */
export class User {
  /** The caller's identifier at the issuer. */
  readonly subject: string = '';
  /** The full name, for showing. */
  readonly name: string = '';
  /** How the caller likes to be called; not necessarily unique. */
  readonly preferredUsername: string = '';
  /** The first name. */
  readonly givenName: string = '';
  /** The last name. */
  readonly familyName: string = '';
  /** The address, verified or not. */
  readonly email: string = '';
  /** The URL of a picture. */
  readonly picture: string = '';
  /** Claims beyond these, as the issuer gave them. */
  readonly additionalClaims: JsonObject = {};
}

/** Who the caller is. The Python SDK's `flyte.remote.User`. */
export abstract class UserService {
  /**
   * Asks Flyte who the caller is.
   *
   * @throws FlyteError `unauthenticated` if Flyte does not accept the credentials, `misuse` outside any scope
   */
  abstract get(options?: CallOptions): Promise<User>;
}

/** The service over a transport that adds the caller. */
export function createUserService(transport: Transport): UserService {
  const client = createClient(IdentityService, transport);
  return { get: async (options) => toUser(await client.userInfo({}, options)) };
}

function toUser(info: UserInfoResponse): User {
  return Object.assign(new User(), {
    subject: info.subject,
    name: info.name,
    preferredUsername: info.preferredUsername,
    givenName: info.givenName,
    familyName: info.familyName,
    email: info.email,
    picture: info.picture,
    additionalClaims: info.additionalClaims ?? {},
  });
}
