import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Module } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { FlyteModule } from 'nestjs-flyte';
import { CountTasks } from './count.tasks.js';
import { MeController } from './me.controller.js';
import { MeGateway } from './me.gateway.js';
import { MeResolver } from './me.resolver.js';

@Module({
  imports: [
    FlyteModule.forRoot({
      passthrough: true,
      excludedPaths: ['/health'],
      project: 'flytesnacks',
      domain: 'development',
      tasks: { module: './dist/tasks.module.js#TasksModule' },
    }),
    FlyteModule.forFeature([CountTasks]),
    GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true }),
  ],
  controllers: [MeController],
  providers: [MeGateway, MeResolver],
})
export class AppModule {}
