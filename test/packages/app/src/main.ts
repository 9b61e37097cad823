import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Transport, type GrpcOptions } from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { AppModule } from './app.module.js';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule);
  app.useWebSocketAdapter(new WsAdapter(app));
  const { PROTO_PATH: protoPath = '', GRPC_ADDRESS: url, PORT: port = '3000' } = process.env;
  const people: GrpcOptions = { transport: Transport.GRPC, options: { package: 'people', protoPath, url } };
  app.connectMicroservice(people, { inheritAppConfig: true });
  await app.startAllMicroservices();
  await app.listen(port, '127.0.0.1');
}

void bootstrap();
