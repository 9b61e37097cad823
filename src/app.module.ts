import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { FlyteModule } from 'nestjs-flyte';
import { HealthController } from './health.controller.js';
import { MeController } from './me.controller.js';
import { ProjectsController } from './projects.controller.js';
import { RunsController } from './runs.controller.js';
import { SecretsController } from './secrets.controller.js';
import { LlmTasks } from './tasks/llm.tasks.js';
import { ItemTasks, OrderTasks } from './tasks/order.tasks.js';
import { SigningTasks } from './tasks/signing.tasks.js';
import { TasksController } from './tasks.controller.js';

/** The whole app: Flyte asked, and tasks run, as whoever made the request. */
@Module({
  imports: [
    ConfigModule.forRoot(),
    FlyteModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        passthrough: true,
        excludedPaths: ['/health'],
        project: config.get<string>('FLYTE_PROJECT') || 'flytesnacks',
        domain: config.get<string>('FLYTE_DOMAIN') || 'development',
        // What a task's process loads; the handles below need only the classes' declarations.
        tasks: {
          module: './dist/src/tasks/tasks.module.js#TasksModule',
          // What a cluster runs them in; the control plane on this machine needs none.
          image: config.get<string>('TASK_IMAGE') || undefined,
        },
        // Without FLYTE_ENDPOINT, the control plane that `npm start` runs beside the app.
        ...(!config.get('FLYTE_ENDPOINT') && {
          endpoint: `http://127.0.0.1:${config.get('FLYTE_LOCAL_PORT', '8090')}`,
        }),
      }),
    }),
    FlyteModule.forFeature([SigningTasks, LlmTasks, ItemTasks, OrderTasks]),
  ],
  controllers: [
    ...[HealthController, MeController, ProjectsController],
    ...[TasksController, RunsController, SecretsController],
  ],
})
export class AppModule {}
