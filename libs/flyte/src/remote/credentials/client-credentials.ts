import type { AuthorizationServer } from 'oauth4webapi';
import * as z from 'zod';
import { isSafeUrl } from '../../auth/safe-url.js';
import { FlyteError } from '../../errors/flyte-error.js';
import { bearerHeader, headerProblem, lifetimeOf, type BearerOptions } from './bearer.js';
import { readClientSecret, type ClientSecret } from './client-secret.js';
import { serviceLogin, type FlyteLoginAdvice, type LoginTarget, type ServiceLogin } from '../options/service-login.js';
import { cached } from './token-cache.js';
import { discoverIssuer, requestToken } from './token-endpoint.js';

/** Options of {@link clientCredentials}. */
export interface ClientCredentialsOptions extends BearerOptions {
  /** The client that the issuer knows this app as. */
  readonly clientId: string;
  /** Its secret: a value, `{ file }` or `{ env }`, which are read whenever a token is fetched. */
  readonly clientSecret: ClientSecret;
  /** The issuer's URL, as its metadata has it. Without it and `tokenEndpoint`, Flyte is asked. */
  readonly issuer?: string;
  /** Where tokens are given, for an issuer that has no metadata. In place of `issuer`. */
  readonly tokenEndpoint?: string;
  /** What to ask for. What Flyte says where Flyte is asked, else the issuer's own choice, if not given. */
  readonly scopes?: readonly string[];
  /** Whom the token is for, where the issuer wants to know. What Flyte says where Flyte is asked, if not given. */
  readonly audience?: string;
  /**
   * How the secret is shown: in the header `Authorization`, or in the body. What issuer or Flyte say that they take, `basic`
   * where they take both, if not given.
   */
  readonly clientAuthentication?: 'basic' | 'post';
}

const text = z.string('give a text').min(1, 'give a text that is not empty');
const safeUrl = text.refine(isSafeUrl, 'give an https:// URL, as a secret is sent there');
const Options = z
  .strictObject({
    clientId: text,
    clientSecret: z.union(
      [text, z.strictObject({ file: text }), z.strictObject({ env: text })],
      'give a text that is not empty, { file: path } or { env: name }',
    ),
    issuer: safeUrl.optional(),
    tokenEndpoint: safeUrl.optional(),
    scopes: z.array(text.regex(/^\S+$/, 'give scopes without blanks'), 'give a list of scopes').optional(),
    audience: text.optional(),
    clientAuthentication: z.enum(['basic', 'post'], 'give "basic" or "post"').optional(),
    header: z
      .unknown()
      .check(({ value, issues }) => {
        const problem = headerProblem(value);
        if (problem !== undefined) issues.push({ code: 'custom', message: problem, input: value });
      })
      .optional(),
  })
  .refine(({ issuer, tokenEndpoint }) => !issuer || !tokenEndpoint, 'give "issuer" or "tokenEndpoint", not both')
  .readonly();

/**
 * Logs in by OAuth 2.0 client credentials (RFC 6749, section 4.4). The issuer is the one that Flyte names through its
 * AuthMetadataService, unless one is given; then Flyte is not asked anything. The token is kept until shortly before its
 * end, renewed once for all calls, and renewed when Flyte refuses it. The Python SDK's `ClientSecret`.
 *
 * ```ts
 * clientCredentials({ clientId: 'nightly', clientSecret: { env: 'FLYTE_CLIENT_SECRET' } })
 * ```
 *
 * @throws FlyteError `invalid_configuration` with everything that is wrong, without values. Calls fail with
 * `unauthenticated` where the issuer refuses, `failed_precondition` where secret or issuer can't be found, `unavailable`
 * where the issuer is away
 */
export function clientCredentials(options: ClientCredentialsOptions): ServiceLogin {
  const { success, error } = Options.safeParse(options);
  if (!success) {
    const problems = error.issues.map(({ path, message }) =>
      path.length === 0
        ? `clientCredentials: ${message}.`
        : `clientCredentials: option "${path.join('.')}": ${message}.`,
    );
    throw new FlyteError('invalid_configuration', problems.join('\n'));
  }
  return serviceLogin('clientCredentials', (flyte) =>
    cached(async () => {
      const { server, advice } = await serverOf(options, flyte);
      const { clientId, clientAuthentication = methodOf(server), audience = advice?.audience } = options;
      const scopes = options.scopes ?? advice?.scopes ?? [];
      const { token, lifetimeMs } = await requestToken(server, {
        clientId,
        clientSecret: await readClientSecret(options.clientSecret),
        clientAuthentication,
        parameters: { ...(scopes.length > 0 && { scope: scopes.join(' ') }), ...(audience && { audience }) },
      });
      const header = options.header ?? (advice?.header || undefined);
      const credentials = bearerHeader(`The issuer of ${JSON.stringify(clientId)}`, token, header);
      return { credentials, lifetimeMs: lifetimeMs ?? (await lifetimeOf(token)) };
    }),
  );
}

async function serverOf(
  { issuer, tokenEndpoint }: ClientCredentialsOptions,
  flyte: LoginTarget,
): Promise<{ readonly server: AuthorizationServer; readonly advice?: FlyteLoginAdvice }> {
  if (tokenEndpoint !== undefined) return { server: { issuer: tokenEndpoint, token_endpoint: tokenEndpoint } };
  if (issuer !== undefined) return { server: await discoverIssuer(issuer) };
  const give = 'Give clientCredentials the option "issuer" or "tokenEndpoint".';
  if (!flyte.isTrusted) {
    throw new FlyteError(
      'failed_precondition',
      `Flyte at ${flyte.authority} is asked in plaintext, so anybody on the way could say where the client's secret is to be sent. ${give}`,
      { fault: 'operator' },
    );
  }
  const advice = await flyte.advice();
  if (!advice.tokenEndpoint) {
    throw new FlyteError('failed_precondition', `Flyte at ${flyte.authority} names no token endpoint. ${give}`, {
      fault: 'operator',
    });
  }
  const server = {
    issuer: advice.issuer || advice.tokenEndpoint,
    token_endpoint: advice.tokenEndpoint,
    ...(advice.authMethods.length > 0 && { token_endpoint_auth_methods_supported: [...advice.authMethods] }),
  };
  return { server, advice };
}

/** RFC 8414: `client_secret_basic` where a server does not say. */
function methodOf({ token_endpoint_auth_methods_supported: methods = [] }: AuthorizationServer): 'basic' | 'post' {
  return methods.includes('client_secret_post') && !methods.includes('client_secret_basic') ? 'post' : 'basic';
}
