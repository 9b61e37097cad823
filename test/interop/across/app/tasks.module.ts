import { Module } from '@nestjs/common';
import { FlyteModule } from 'nestjs-flyte';
import { PythonBad, PythonEcho, PythonRelay, ShopTasks } from './shop.tasks.js';

@Module({
  imports: [
    FlyteModule.forRoot({ project: 'flytesnacks', domain: 'development' }),
    FlyteModule.forFeature([PythonEcho, PythonRelay, PythonBad]),
  ],
  providers: [ShopTasks],
})
export class TasksModule {}
