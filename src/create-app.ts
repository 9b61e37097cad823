import type { INestApplication, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { AppModule } from './app.module.js';

/**
 * The app, with its OpenAPI page at /docs, not yet listening.
 *
 * @param adapter `express` or `fastify`
 */
export async function createApp(
  adapter: 'express' | 'fastify' = 'express',
  options: NestApplicationOptions = {},
): Promise<INestApplication> {
  const app = await create(adapter, { abortOnError: false, ...options });
  app.enableShutdownHooks();
  const document = new DocumentBuilder().setTitle('nestjs-flyte sample').addBearerAuth().build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, document));
  return app;
}

async function create(adapter: 'express' | 'fastify', options: NestApplicationOptions): Promise<INestApplication> {
  if (adapter === 'express') return NestFactory.create(AppModule, options);
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  return NestFactory.create(AppModule, new FastifyAdapter(), options);
}
