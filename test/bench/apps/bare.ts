// NestJS alone.
import { Module } from '@nestjs/common';
import { given } from './support/parent.js';
import { EmptyController, serve, type ServeOptions } from './support/serve.js';

@Module({ controllers: [EmptyController] })
class BareModule {}

await serve(BareModule, given<ServeOptions>());
