// What Nest needs for one provider's method without a server: a module loaded by its name, and its context.
import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

const file = new URL('empty-context.module.js', import.meta.url).href;
const { EmptyModule, FirstLine } = (await import(file)) as { EmptyModule: Type; FirstLine: Type<{ run(): void }> };
const app = await NestFactory.createApplicationContext(EmptyModule, { logger: false });
app.get(FirstLine).run();
await app.close();
