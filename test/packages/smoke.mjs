// Imports both packages, and makes one call from the one to the other.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { authMetadata, FlyteClient, FlyteModule } from 'nestjs-flyte';
import { startLocalControlPlane } from 'nestjs-flyte-local';

const plane = await startLocalControlPlane({ port: 0, state: ':memory:' });
const token = await plane.token('alice');
const module = FlyteModule.forRoot({ passthrough: true, endpoint: plane.url });
const app = await NestFactory.createApplicationContext(module, { logger: ['error', 'warn'] });
const user = await authMetadata({ authorization: `Bearer ${token}` }, () => app.get(FlyteClient).users.get());
process.stdout.write(`${user.subject} on Node ${process.version}\n`);
await app.close();
await plane.close();
