import type { DescMethod } from '@bufbuild/protobuf';
import type { Interceptor } from '@connectrpc/connect';
import type { Caller } from '../tokens/caller.js';
import { TokenRefused } from '../tokens/verify-token.js';
import { callerKey, unauthenticated } from './caller-context.js';

/** What {@link verifyCaller} decides by. */
export interface VerifyCallerOptions {
  /** Answers who holds a token, or throws TokenRefused. */
  readonly verify: (token: string) => Promise<Caller>;
  /** Whether a method may be called without a token. */
  readonly isOpen: (method: DescMethod) => boolean;
}

/**
 * The interceptor that lets a call pass only with a valid token, and tells the services who calls. A token that is
 * present but invalid is refused even where none is needed: the client believes to be somebody, and must learn that it
 * is not.
 */
export function verifyCaller({ verify, isOpen }: VerifyCallerOptions): Interceptor {
  return (next) => async (request) => {
    const header = request.header.get('authorization');
    if (header !== null) {
      request.contextValues.set(callerKey, await callerOfHeader(header, verify));
    } else if (!isOpen(request.method)) {
      throw unauthenticated('This call needs a token: send it as "Authorization: Bearer <token>".');
    }
    return next(request);
  };
}

async function callerOfHeader(header: string, verify: VerifyCallerOptions['verify']): Promise<Caller> {
  // The scheme's name has no case (RFC 9110, 11.1), and a token has no spaces or commas (RFC 6750, 2.1).
  const token = /^bearer +([\w.~+/-]+=*)$/i.exec(header)?.[1];
  if (token === undefined) throw unauthenticated('The Authorization header must have the form "Bearer <token>".');
  try {
    return await verify(token);
  } catch (error) {
    if (error instanceof TokenRefused) throw unauthenticated(error.message);
    throw error;
  }
}
