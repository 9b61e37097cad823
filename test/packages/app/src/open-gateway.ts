// A program of its own: whether an app starts whose gateway names no guard.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { FlyteModule } from 'nestjs-flyte';

@WebSocketGateway()
class OpenGateway {
  @SubscribeMessage('hello')
  hello(): string {
    return 'hello';
  }
}

@Module({
  imports: [FlyteModule.forRoot({ passthrough: true, endpoint: 'http://127.0.0.1:8090' })],
  providers: [OpenGateway],
})
class OpenModule {}

async function start(): Promise<string> {
  try {
    await NestFactory.create(OpenModule, { logger: false, abortOnError: false });
    return 'it starts';
  } catch (error) {
    return String(error);
  }
}

void start().then((outcome) => process.stdout.write(outcome));
