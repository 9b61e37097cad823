import type { INestApplication, LoggerService, Type, DynamicModule } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';

export const ADAPTERS = ['express', 'fastify'] as const;
export type Adapter = (typeof ADAPTERS)[number];

export interface Running {
  readonly app: INestApplication;
  readonly url: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Keeps every line that an app logs, for a test to search. */
export class LogLines implements LoggerService {
  readonly lines: string[] = [];
  readonly add = (...parts: unknown[]): void => {
    this.lines.push(parts.map(String).join(' '));
  };
  readonly log = this.add;
  readonly error = this.add;
  readonly warn = this.add;
  readonly debug = this.add;
  readonly verbose = this.add;
  readonly fatal = this.add;
}

export interface AppOptions {
  readonly adapter?: Adapter;
  readonly imports?: (Type | DynamicModule | Promise<DynamicModule>)[];
  readonly controllers?: Type[];
  readonly providers?: Parameters<typeof Test.createTestingModule>[0]['providers'];
  readonly logger?: LoggerService;
  readonly override?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
  readonly configure?: (app: INestApplication) => void | Promise<void>;
}

/** Starts an app on a free port of the loopback interface. */
export async function startApp(options: AppOptions): Promise<Running> {
  const { adapter = 'express', imports, controllers, providers, logger, override, configure } = options;
  const builder = Test.createTestingModule({ imports, controllers, providers });
  const module = await (override?.(builder) ?? builder).setLogger(logger ?? new LogLines()).compile();
  const app = module.createNestApplication(adapter === 'fastify' ? new FastifyAdapter() : new ExpressAdapter());
  app.useLogger(logger ?? new LogLines());
  await configure?.(app);
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  return { app, url, [Symbol.asyncDispose]: () => app.close() };
}
