import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { createApp } from './create-app.js';

const port = Number(process.env['PORT'] || 3000);
const adapter = process.env['HTTP_ADAPTER'] === 'fastify' ? 'fastify' : 'express';

try {
  const app = await createApp(adapter);
  await app.listen(port, '127.0.0.1');
  new Logger('Sample').log(`Listening on ${await app.getUrl()}, documented at /docs`);
} catch (error) {
  const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  const reason = taken ? `Port ${port} is taken. Set PORT to another one, or end what listens there.` : error;
  new Logger('Sample').error(reason instanceof Error ? reason.message : reason);
  process.exitCode = 1;
}
