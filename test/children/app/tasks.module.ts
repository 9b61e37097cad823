import { Module } from '@nestjs/common';
import { FlyteModule } from 'nestjs-flyte';
import { ItemTasks } from './item.tasks.js';
import { ManyTasks, Quick } from './many.tasks.js';
import { OrderTasks } from './order.tasks.js';
import { StepTasks } from './steps.tasks.js';

@Module({
  imports: [
    FlyteModule.forRoot({ project: 'flytesnacks', domain: 'development' }),
    FlyteModule.forFeature([ItemTasks, Quick]),
  ],
  providers: [ItemTasks, OrderTasks, StepTasks, ManyTasks],
})
export class TasksModule {}
