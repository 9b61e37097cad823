// The least that answers IdentityService.UserInfo: whoever has a token is Alice. With "hold", it answers when it is told.
import { once } from 'node:events';
import { createSecureServer, createServer } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { IdentityService } from 'nestjs-flyte/idl/auth/identity';
import { answerParent, given } from './support/parent.js';

const { tls, hold } = given<{
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly hold?: boolean;
}>();

let waiting: (() => void)[] = [];
const handler = connectNodeAdapter({
  routes: (router) =>
    router.service(IdentityService, {
      userInfo: async (_, { requestHeader }) => {
        if (!requestHeader.has('authorization')) throw new ConnectError('no token', Code.Unauthenticated);
        if (hold) await new Promise<void>((resolve) => waiting.push(resolve));
        return { subject: 'alice', name: 'Alice' };
      },
    }),
});
const settings = { maxConcurrentStreams: 100_000 };
const server = tls
  ? createSecureServer({ ...tls, settings, allowHTTP1: true }, handler)
  : createServer({ settings }, handler);
await once(server.listen(0, '127.0.0.1'), 'listening');
const address = server.address();
const port = typeof address === 'object' ? address?.port : undefined;

answerParent(
  {
    waiting: () => waiting.length,
    release: () => {
      for (const answer of waiting.splice(0)) answer();
      waiting = [];
    },
  },
  `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
);
