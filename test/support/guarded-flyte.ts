import { once } from 'node:events';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import {
  AuthMetadataService,
  type GetOAuth2MetadataResponseSchema,
  type GetPublicClientConfigResponseSchema,
} from 'nestjs-flyte/idl/auth/auth_service';
import { IdentityService } from 'nestjs-flyte/idl/auth/identity';
import { SecretService } from 'nestjs-flyte/idl/secret/secret';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';

/** A Flyte behind a proxy that lets nobody in without a token that is good at the moment. */
export interface GuardedFlyte extends AsyncDisposable {
  readonly url: string;
  /** The calls that came, with the token that each brought. */
  readonly calls: { readonly method: string; readonly token: string | undefined }[];
  /** What it takes, such as `Bearer t1`, in the header {@link header}. */
  readonly good: Set<string>;
  header: string;
  /** Which secrets were stored, for calls that change something. */
  readonly stored: string[];
  /** How many messages a watch gives before it is refused, where its token is not good. */
  lateRefusal: number;
  /** How it says to log in; undefined for a Flyte that does not say. */
  metadata: MessageInitShape<typeof GetOAuth2MetadataResponseSchema> | undefined;
  config: MessageInitShape<typeof GetPublicClientConfigResponseSchema>;
}

export async function startGuardedFlyte(): Promise<GuardedFlyte> {
  const see = (method: string, { requestHeader }: HandlerContext): boolean => {
    const token = requestHeader.get(flyte.header) ?? undefined;
    flyte.calls.push({ method, token });
    return token !== undefined && flyte.good.has(token);
  };
  const refusal = (): ConnectError => new ConnectError('token is not good', Code.Unauthenticated);
  const guard = (method: string, context: HandlerContext): void => {
    if (!see(method, context)) throw refusal();
  };
  const adapter = connectNodeAdapter({
    routes: (router) => {
      router.service(AuthMetadataService, {
        getOAuth2Metadata: (_, context) => {
          see('getOAuth2Metadata', context);
          if (!flyte.metadata) throw new ConnectError('oauth2 metadata is not configured', Code.Unimplemented);
          return flyte.metadata;
        },
        getPublicClientConfig: () => flyte.config,
      });
      router.service(IdentityService, {
        userInfo: (_, context) => {
          guard('userInfo', context);
          return { subject: 'svc' };
        },
      });
      router.service(SecretService, {
        createSecret: ({ id }, context) => {
          guard('createSecret', context);
          flyte.stored.push(id?.name ?? '');
          return {};
        },
      });
      router.service(RunService, {
        watchRunDetails: async function* ({ runId }, context) {
          const isGood = see('watchRunDetails', context);
          for (let given = 0; given < 3; given += 1) {
            if (!isGood && given === flyte.lateRefusal) throw refusal();
            yield { details: { action: { id: { run: { name: `${runId?.name}-${given}` } } } } };
          }
        },
      });
    },
  });
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer(adapter).on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session)).on('error', () => undefined);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const flyte: GuardedFlyte = {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    calls: [],
    good: new Set(),
    header: 'authorization',
    stored: [],
    lateRefusal: 0,
    metadata: undefined,
    config: {},
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return flyte;
}
