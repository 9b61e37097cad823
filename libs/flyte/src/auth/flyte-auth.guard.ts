import { Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { FlyteError } from '../errors/flyte-error.js';
import { createAuthMetadata, type AuthMetadata } from './auth-metadata.js';
import { AuthPolicy, requirementOf } from './auth-policy.js';
import { rememberedScopes, rememberScope } from './auth-scope.js';
import { forwardedHeaders } from './forwarded-headers.js';
import type { HeaderExtractor } from './header-extractors.js';
import { mayAuthenticate } from './header-names.js';
import { setAnswerHeader, toHttpException } from './http-answer.js';
import { inboundRequest, type InboundRequest } from './inbound-request.js';
import { isAmbient, isFromOwnSite } from './same-origin.js';
import { logServerFault } from './server-fault.js';
import { toWsException } from './ws-answer.js';

/**
 * Demands credentials of every request that is not excluded, before pipes and handlers, and keeps them for the
 * interceptor. `FlyteModule` registers it for the whole app; without `passthrough` it lets everything pass. Where Nest
 * does not apply an app's guards, name it in `@UseGuards` together with {@link AuthMetadataInterceptor}.
 *
 * It refuses with 401 (no credentials, or invalid ones), 400 (credentials that can't travel), 403 (a cookie, or
 * what else browsers send by themselves, on a request of another site) and 503 (the keys for `verify` can't be had): as Nest's `HttpException` for HTTP and GraphQL,
 * as `WsException` for WebSocket gateways, as FlyteError elsewhere.
 */
@Injectable()
export class FlyteAuthGuard implements CanActivate {
  protected readonly logger = new Logger(FlyteAuthGuard.name);

  constructor(protected readonly policy: AuthPolicy) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const requirement = requirementOf(this.policy, context);
    if (requirement === 'none') return true;
    const request = inboundRequest(context);
    setAnswerHeader(request.response, 'Cache-Control', 'no-store');
    try {
      const metadata = await this.authenticate(context, request);
      if (metadata) this.remember(request, metadata);
      else if (requirement === 'required') throw this.noCredentials(context, request);
      return true;
    } catch (error) {
      throw this.refusal(error, context, request);
    }
  }

  /** Keeps what was found. Resolvers of one GraphQL request share one object for it, and so what is known by it. */
  protected remember(request: InboundRequest, metadata: AuthMetadata): void {
    const { identity, life } = request;
    const { owner } = this.policy;
    const before = rememberedScopes(identity).find((scope) => scope.owner === owner)?.metadata;
    const isSame = before && JSON.stringify(before.entries()) === JSON.stringify(metadata.entries());
    const forwarded = forwardedHeaders(request, this.policy.forwardHeaders);
    rememberScope(identity, { owner, metadata: isSame ? before : metadata, forwarded, life });
  }

  /** What may travel, or undefined where the request has nothing of the kind. */
  protected async authenticate(context: ExecutionContext, request: InboundRequest): Promise<AuthMetadata | undefined> {
    const found = await this.extract(context);
    if (!found.names.some(mayAuthenticate)) return undefined;
    if (request.unsafe && isAmbient(found, request) && !isFromOwnSite(request, this.policy.trustedOrigins)) {
      throw new FlyteError(
        'permission_denied',
        'A cookie alone, or Basic and what else browsers send by themselves, authenticates only requests of this site. ' +
          'Send a bearer token, or a same-origin Origin.',
      );
    }
    return this.policy.verify ? this.verified(found, this.policy.verify) : found;
  }

  /** Runs all extractors; of two values for one name, the later extractor's is kept. */
  protected async extract(context: ExecutionContext): Promise<AuthMetadata> {
    const pairs: [string, string][] = [];
    for (const extractor of this.policy.extractors) {
      // One after the other: their order decides who wins.
      // oxlint-disable-next-line no-await-in-loop
      pairs.push(...(await this.runExtractor(extractor, context)));
    }
    return createAuthMetadata(pairs);
  }

  /** What one extractor found. If it throws, nothing: a log line names it, but not its error, which may quote a token. */
  protected async runExtractor(extractor: HeaderExtractor, context: ExecutionContext): Promise<[string, string][]> {
    try {
      const headers = await extractor(context);
      return headers ? createAuthMetadata(headers).entries() : [];
    } catch (error) {
      if (error instanceof FlyteError && error.code === 'invalid_argument') throw error;
      const kind = error instanceof FlyteError ? `${error.code}: ${error.message}` : kindOf(error);
      this.logger.error(`Header extractor "${extractor.name || 'anonymous'}" failed and was skipped (${kind})`);
      return [];
    }
  }

  /** With `verify`, a valid bearer token is required, and nothing else travels but what `alsoForward` names. */
  protected async verified(
    found: AuthMetadata,
    verify: (token: string) => Promise<void>,
  ): Promise<AuthMetadata | undefined> {
    const [, token] = /^Bearer +(\S+)$/i.exec(found.get('authorization') ?? '') ?? [];
    if (token === undefined) return undefined;
    await verify(token);
    return createAuthMetadata(
      found.entries().filter(([name]) => name === 'authorization' || this.policy.alsoForward.includes(name)),
    );
  }

  protected noCredentials(context: ExecutionContext, { isForeign }: InboundRequest): FlyteError {
    const advice = isForeign
      ? `Nothing is known of the headers of a ${JSON.stringify(context.getType<string>())} context like this one: give ` +
        'FlyteModule a header extractor that finds them in it, or open the handler with @SkipFlyteAuth().'
      : 'Send an Authorization header.';
    return new FlyteError('unauthenticated', `The request has no credentials. ${advice}`);
  }

  protected refusal(error: unknown, context: ExecutionContext, request: InboundRequest): unknown {
    if (!(error instanceof FlyteError)) return error;
    if (error.code === 'unauthenticated') setAnswerHeader(request.response, 'WWW-Authenticate', 'Bearer');
    switch (context.getType<string>()) {
      case 'http':
      case 'graphql':
        // A catch-all filter of the app's own may come first, and knows HttpException only.
        logServerFault(this.logger, error);
        return toHttpException(error);
      case 'ws':
        return toWsException(error, context, this.logger);
      default:
        return error;
    }
  }
}

function kindOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : typeof error;
}
