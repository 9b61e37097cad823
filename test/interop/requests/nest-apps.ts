import type { IncomingMessage } from 'node:http';
import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import {
  FlyteModule,
  fromAuthorization,
  fromHeader,
  getAuthMetadata,
  rememberHandshake,
  UserService,
  type FlyteModuleOptions,
} from 'nestjs-flyte';
import type { WebSocket } from 'ws';
import { startApp, type Adapter, type Running } from '../../support/app.js';
import type { App } from './row.js';

const EXCLUDED = ['/health', '/open/door'];

const sent = (): { sent: object } => ({ sent: Object.fromEntries(getAuthMetadata()?.entries() ?? []) });

/** The routes of `python/requests_app.py`. */
@Controller()
class Routes {
  constructor(private readonly users: UserService) {}

  @Get('me') async me() {
    const { subject } = await this.users.get();
    return { subject };
  }
  @Get('sent') read() {
    return sent();
  }
  @Post('sent') @HttpCode(200) write() {
    return sent();
  }
  @Get('health') health() {
    return sent();
  }
  @Post('health') @HttpCode(200) poke() {
    return sent();
  }
  @Get('health/deep') deep() {
    return sent();
  }
  @Get('healthz') healthz() {
    return sent();
  }
  @Get('open/door') door() {
    return sent();
  }
  @Get('items/:name') item(@Param('name') name: string) {
    return { ...sent(), name };
  }
}

@WebSocketGateway({ path: '/live' })
class Live implements OnGatewayConnection {
  constructor(private readonly users: UserService) {}

  handleConnection(client: WebSocket, request: IncomingMessage): void {
    rememberHandshake(client, request);
  }

  @SubscribeMessage('me') async me() {
    return { event: 'me', data: (await this.users.get()).subject };
  }
}

function broken(): never {
  throw new Error('no session');
}

/** What the extractor of the same name is in Python. */
function fromUserToken(...[context]: Parameters<ReturnType<typeof fromAuthorization>>) {
  const { headers } = context.switchToHttp().getRequest<IncomingMessage>();
  const token = headers['x-user-token'];
  return token ? { authorization: `Bearer ${String(token)}` } : undefined;
}

/** The apps, by what they differ in. */
export interface NestApps extends AsyncDisposable {
  readonly ports: Readonly<Record<App, number>>;
}

/** Starts them. @param ca vouches for the certificate of `endpoint` */
export async function startNestApps(
  endpoint: string,
  ca: string | undefined,
  adapter: Adapter = 'express',
): Promise<NestApps> {
  const common = { endpoint, passthrough: true, excludedPaths: EXCLUDED, ...(ca && { tls: { ca } }) };
  const start = (options: Partial<FlyteModuleOptions>, cors = false): Promise<Running> =>
    startApp({
      adapter,
      imports: [FlyteModule.forRoot({ ...common, ...options })],
      controllers: [Routes],
      providers: [Live],
      configure: (app) => {
        app.useWebSocketAdapter(new WsAdapter(app));
        if (!cors) return;
        app.enableCors({
          ...{ origin: ['https://app.example.com'], credentials: true },
          ...{ methods: ['GET', 'POST'], allowedHeaders: ['authorization'] },
        });
      },
    });
  const [plain, keys, cors] = await Promise.all([
    start({}),
    start({ headerExtractors: [fromHeader('X-Api-Key'), broken, fromAuthorization(), fromUserToken] }),
    start({ trustedOrigins: ['https://app.example.com'] }, true),
  ]);
  const port = ({ url }: Running): number => Number(new URL(url).port);
  return {
    ports: { plain: port(plain), keys: port(keys), cors: port(cors) },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([plain, keys, cors].map((one) => one[Symbol.asyncDispose]()));
    },
  };
}
