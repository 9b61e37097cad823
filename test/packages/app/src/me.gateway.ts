import type { IncomingMessage } from 'node:http';
import { UseFilters, UseGuards, UseInterceptors } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import {
  AuthMetadataInterceptor,
  FlyteAuthGuard,
  FlyteExceptionFilter,
  rememberHandshake,
  UserService,
} from 'nestjs-flyte';

// #region gateway
@UseGuards(FlyteAuthGuard)
@UseInterceptors(AuthMetadataInterceptor)
@UseFilters(FlyteExceptionFilter)
@WebSocketGateway({ path: '/live' })
export class MeGateway implements OnGatewayConnection {
  constructor(private readonly users: UserService) {}

  handleConnection(client: object, request: IncomingMessage): void {
    rememberHandshake(client, request);
  }

  @SubscribeMessage('me')
  async me(): Promise<{ event: string; data: string }> {
    const { subject } = await this.users.get();
    return { event: 'me', data: subject };
  }
}
// #endregion
