import { Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { FlyteError } from '../errors/flyte-error.js';
import { createAuthMetadata, HeaderCollector, type AuthHeaders, type AuthMetadata } from './auth-metadata.js';
import { AuthPolicy, requirementOf } from './auth-policy.js';
import { rememberedScopes, rememberScope } from './auth-scope.js';
import type { BearerVerifier } from './bearer-verifier.js';
import { forwardedHeaders } from './forwarded-headers.js';
import { extractFrom, type HeaderExtractor } from './header-extractors.js';
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

  /** Answers at once where no extractor and no `verify` has to be waited for: a promise would cost each request its turns. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const { policy } = this;
    if (!policy.passthrough) return true;
    const request = inboundRequest(context);
    const requirement = requirementOf(policy, context, request);
    if (requirement === 'none') return true;
    setAnswerHeader(request.response, 'Cache-Control', 'no-store');
    const admit = (metadata: AuthMetadata | undefined): true => {
      if (metadata) this.remember(request, metadata);
      else if (requirement === 'required') throw this.noCredentials(context, request);
      return true;
    };
    try {
      const metadata = this.authenticate(context, request);
      if (!(metadata instanceof Promise)) return admit(metadata);
      return metadata.then(admit).catch((error: unknown) => {
        throw this.refusal(error, context, request);
      });
    } catch (error) {
      throw this.refusal(error, context, request);
    }
  }

  /** Keeps what was found. Resolvers of one GraphQL request share one object for it, and so what is known by it. */
  protected remember(request: InboundRequest, metadata: AuthMetadata): void {
    const { identity } = request;
    const { owner, forwardHeaders } = this.policy;
    const before = rememberedScopes(identity).find((scope) => scope.owner === owner);
    const isSame = before && JSON.stringify(before.metadata.entries()) === JSON.stringify(metadata.entries());
    const forwarded = forwardHeaders.length === 0 ? undefined : forwardedHeaders(request, forwardHeaders);
    rememberScope(identity, {
      owner,
      metadata: isSame ? before.metadata : metadata,
      forwarded,
      life: before?.life ?? request.life,
      parent: undefined,
    });
  }

  /** What may travel, or undefined where the request has nothing of the kind. */
  protected authenticate(context: ExecutionContext, request: InboundRequest): Maybe<AuthMetadata> {
    const found = this.extract(context, request);
    return found instanceof Promise ? found.then((all) => this.accept(all, request)) : this.accept(found, request);
  }

  /** Of what was found, what may travel: not what a browser sends by itself for another site, and verified where it is to be. */
  protected accept(found: HeaderCollector, request: InboundRequest): Maybe<AuthMetadata> {
    if (!found.mayAuthenticate) return undefined;
    const metadata = found.close();
    if (request.unsafe && isAmbient(metadata, request) && !isFromOwnSite(request, this.policy.trustedOrigins)) {
      throw new FlyteError(
        'permission_denied',
        'A cookie alone, or Basic and what else browsers send by themselves, authenticates only requests of this site. ' +
          'Send a bearer token, or a same-origin Origin.',
      );
    }
    return this.policy.verify ? this.verified(metadata, this.policy.verify) : metadata;
  }

  /** Runs all extractors, one after the other; of two values for one name, the later extractor's is kept. */
  protected extract(context: ExecutionContext, request: InboundRequest): HeaderCollector | Promise<HeaderCollector> {
    const collector = new HeaderCollector();
    const { extractors } = this.policy;
    for (let i = 0; i < extractors.length; i += 1) {
      const waiting = this.runExtractor(extractors[i], context, request, collector);
      if (waiting) return this.extractLater(waiting, extractors.slice(i + 1), context, request, collector);
    }
    return collector;
  }

  /** Goes on behind an extractor that has to be waited for. */
  protected async extractLater(
    waiting: Promise<void>,
    others: readonly HeaderExtractor[],
    context: ExecutionContext,
    request: InboundRequest,
    collector: HeaderCollector,
  ): Promise<HeaderCollector> {
    await waiting;
    // Their order decides who wins.
    // oxlint-disable-next-line no-await-in-loop
    for (const one of others) await this.runExtractor(one, context, request, collector);
    return collector;
  }

  /**
   * Adds what one extractor finds; if it throws, nothing.
   *
   * @returns a promise where it has to be waited for
   */
  protected runExtractor(
    extractor: HeaderExtractor | undefined,
    context: ExecutionContext,
    request: InboundRequest,
    collector: HeaderCollector,
  ): Promise<void> | undefined {
    if (!extractor) return undefined;
    try {
      const headers = extractFrom(extractor, context, request);
      if (isPromise(headers)) {
        const add = (later: AuthHeaders | null | undefined): void => {
          if (later) collector.add(later);
        };
        return Promise.resolve(headers)
          .then(add)
          .catch((error: unknown) => this.skip(extractor, error));
      }
      if (headers) collector.add(headers);
    } catch (error) {
      this.skip(extractor, error);
    }
    return undefined;
  }

  /** Goes on without what an extractor failed to find. A log line names it, but not its error, which may quote a token. */
  protected skip(extractor: HeaderExtractor, error: unknown): void {
    if (error instanceof FlyteError && error.code === 'invalid_argument') throw error;
    const kind = error instanceof FlyteError ? `${error.code}: ${error.message}` : kindOf(error);
    this.logger.error(`Header extractor "${extractor.name || 'anonymous'}" failed and was skipped (${kind})`);
  }

  /** With `verify`, a valid bearer token is required, and nothing else travels but what `alsoForward` names. */
  protected verified(found: AuthMetadata, verify: BearerVerifier): Maybe<AuthMetadata> {
    const [, token] = /^Bearer +(\S+)$/i.exec(found.get('authorization') ?? '') ?? [];
    if (token === undefined) return undefined;
    const others = found.names.some((name) => name !== 'authorization' && !this.policy.alsoForward.includes(name));
    const kept = (): AuthMetadata =>
      others
        ? createAuthMetadata(
            found.entries().filter(([name]) => name === 'authorization' || this.policy.alsoForward.includes(name)),
          )
        : found;
    const verifying = verify(token);
    return verifying ? verifying.then(kept) : kept();
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

/** Something or nothing, perhaps after a while. */
type Maybe<T> = T | undefined | Promise<T | undefined>;

function kindOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : typeof error;
}

/** Also of a promise that is not Node's own, such as one of another library. */
function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
