import type { DescMethod } from '@bufbuild/protobuf';
import { createContextKey, type ContextKey, type ContextValues, type Interceptor } from '@connectrpc/connect';
import type { Caller } from '../tokens/caller.js';
import { TokenRefused } from '../tokens/verify-token.js';
import { callerKey, unauthenticated } from './caller-context.js';

/** What {@link admission} decides by. */
export interface VerifyCallerOptions {
  /** Answers who holds a token, or throws TokenRefused. */
  readonly verify: (token: string) => Promise<Caller>;
  /** Whether a method may be called without a token. */
  readonly isOpen: (method: DescMethod) => boolean;
}

/** Answers who makes a call, undefined for an anonymous one; throws ConnectError `unauthenticated` if it may not pass. */
export type Admit = (header: Headers, method: DescMethod) => Promise<Caller | undefined>;

type Admission = Promise<Caller | undefined>;

/** Where a call's context values keep whether it may pass, from the moment that its headers are there. */
const admissionKey: ContextKey<Admission | undefined> = createContextKey<Admission | undefined>(undefined, {
  description: 'whether the call may pass',
});

/**
 * Makes the rule that lets a call pass only with a valid token. A token that is present but invalid is refused even where
 * none is needed: the client believes to be somebody, and must learn that it is not.
 */
export function admission({ verify, isOpen }: VerifyCallerOptions): Admit {
  return async (header, method) => {
    const authorization = header.get('authorization');
    if (authorization !== null) return callerOfHeader(authorization, verify);
    if (isOpen(method)) return undefined;
    throw unauthenticated('This call needs a token: send it as "Authorization: Bearer <token>".');
  };
}

/** Begins to find out who makes a call, by its headers alone. */
export function beginAdmission(admit: Admit, header: Headers, method: DescMethod, values: ContextValues): void {
  const admission = rememberCaller(admit(header, method), values);
  // Whoever reads the body or answers the call asks, and hears of a refusal then.
  admission.catch(() => {});
  values.set(admissionKey, admission);
}

/**
 * Who makes a call, once that is known; undefined for an anonymous caller.
 *
 * @throws ConnectError `unauthenticated` if the call may not pass, or nobody has looked at it
 */
export async function admitted(values: ContextValues): Promise<Caller | undefined> {
  const admission = values.get(admissionKey);
  if (admission === undefined) throw unauthenticated('Nobody checked the token of this call.');
  return admission;
}

/** The interceptor that lets only those calls pass that may: a call of HTTP's GET has no body to be asked at. */
export function requireAdmission(): Interceptor {
  return (next) => async (request) => {
    await admitted(request.contextValues);
    return next(request);
  };
}

async function rememberCaller(admission: Admission, values: ContextValues): Promise<Caller | undefined> {
  const caller = await admission;
  values.set(callerKey, caller);
  return caller;
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
