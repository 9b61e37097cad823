import 'reflect-metadata';
import { Controller, Get, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { answerParent } from './parent.js';

/** What an app is started with. */
export interface ServeOptions {
  readonly adapter: 'express' | 'fastify';
  /** Where its Flyte is. */
  readonly upstream: string;
}

/** What costs nothing itself. */
@Controller()
export class EmptyController {
  @Get('empty') empty(): { ok: boolean } {
    return { ok: true };
  }
}

/** Serves a module as its users would: the adapter as it comes, logging nothing. */
export async function serve(module: Type | DynamicModule, { adapter }: ServeOptions): Promise<void> {
  const app = await NestFactory.create(module, await adapterOf(adapter), { logger: false });
  await app.listen(0, '127.0.0.1');
  answerParent({}, await app.getUrl());
}

/** Loads the one that is used, and not the other. */
async function adapterOf(adapter: ServeOptions['adapter']) {
  if (adapter === 'express') return new (await import('@nestjs/platform-express')).ExpressAdapter();
  return new (await import('@nestjs/platform-fastify')).FastifyAdapter();
}
