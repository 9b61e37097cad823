import { Injectable, Module } from '@nestjs/common';
import { sayFirstLine } from './support/first-line.js';

@Injectable()
export class FirstLine {
  readonly run = sayFirstLine;
}

@Module({ providers: [FirstLine] })
export class EmptyModule {}
