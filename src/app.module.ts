import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { FlyteModule } from 'nestjs-flyte';
import { HealthController } from './health.controller.js';
import { MeController } from './me.controller.js';
import { ProjectsController } from './projects.controller.js';

/** The whole app: three controllers, and Flyte asked as whoever made the request. */
@Module({
  imports: [
    ConfigModule.forRoot(),
    FlyteModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        passthrough: true,
        excludedPaths: ['/health'],
        // Without FLYTE_ENDPOINT, the control plane that `npm start` runs beside the app.
        ...(!config.get('FLYTE_ENDPOINT') && {
          endpoint: `http://127.0.0.1:${config.get('FLYTE_LOCAL_PORT', '8090')}`,
        }),
      }),
    }),
  ],
  controllers: [HealthController, MeController, ProjectsController],
})
export class AppModule {}
