import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation } from '@nestjs/swagger';
import { TaskRegistry } from 'nestjs-flyte';

/** The tasks of this app. */
@ApiBearerAuth()
@Controller('tasks')
export class TasksController {
  constructor(private readonly tasks: TaskRegistry) {}

  @Get()
  @ApiOperation({ summary: 'What POST /runs/:task can run' })
  list(): { name: string; environment: string }[] {
    return this.tasks.all().map(({ name, environment }) => ({ name, environment: environment.name }));
  }
}
