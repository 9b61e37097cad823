import { Body, Controller, Get, Post } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { FlyteUser, InjectTask, TaskHandle, User, UserService } from 'nestjs-flyte';
import { CountTasks } from './count.tasks.js';

@Controller()
export class MeController {
  constructor(
    private readonly users: UserService,
    @InjectTask(CountTasks, 'count') private readonly task: TaskHandle<CountTasks['count']>,
  ) {}

  @Get('health')
  health(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('me')
  async me(): Promise<{ subject: string; name: string }> {
    const { subject, name } = await this.users.get();
    return { subject, name };
  }

  @Post('count')
  async count(@Body('text') text: string): Promise<{ words: number; key: number }> {
    const run = await this.task.run({ text });
    return run.outputs();
  }

  @GrpcMethod('People', 'Me')
  person(@FlyteUser() user: User): { subject: string } {
    return { subject: user.subject };
  }
}
