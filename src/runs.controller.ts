import { Body, Controller, Get, Param, Post, Sse, type MessageEvent } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation } from '@nestjs/swagger';
import { RunService, type RunFailure, type RunPhase } from 'nestjs-flyte';
import { from, map, type Observable } from 'rxjs';
import { MANAGER_OK } from './tasks/order.tasks.js';

/** Runs of this app's tasks, made, seen and stopped as the caller. */
@ApiBearerAuth()
@Controller('runs')
export class RunsController {
  constructor(private readonly runs: RunService) {}

  @Post(':task')
  @ApiOperation({ summary: 'Runs a task; the body is its inputs' })
  @ApiBody({ schema: { type: 'object', example: { text: 'hello' } } })
  async run(@Param('task') task: string, @Body() inputs: unknown): Promise<{ name: string }> {
    const { name } = await this.runs.create(task, inputs);
    return { name };
  }

  @Get(':name')
  @ApiOperation({ summary: 'How a run is doing' })
  async get(
    @Param('name') run: string,
  ): Promise<{ name: string; task: string; phase: RunPhase; done: boolean; error?: RunFailure }> {
    const { name, task, phase, done, error } = await this.runs.get(run);
    return { name, task, phase, done, ...(error && { error }) };
  }

  @Get(':name/io')
  @ApiOperation({ summary: 'What a run was given and, once it has ended, what it gave' })
  async io(@Param('name') name: string): Promise<{ inputs: object; outputs: object }> {
    const [inputs, outputs] = await Promise.all([this.runs.inputs(name), this.runs.outputs(name)]);
    return { inputs, outputs };
  }

  @Sse(':name/logs')
  @ApiOperation({ summary: "What a run's process writes, until it ends" })
  logs(@Param('name') name: string): Observable<MessageEvent> {
    return from(this.runs.logs(name, { follow: true })).pipe(map(({ message }) => ({ data: { message } })));
  }

  @Post(':name/approval')
  @ApiOperation({ summary: 'Says whether an order may be shipped, which its run waits for' })
  @ApiBody({ schema: { type: 'object', example: { ok: true } } })
  async approve(@Param('name') name: string, @Body() { ok }: { ok: boolean }): Promise<{ name: string }> {
    await this.runs.attach(name).signal(MANAGER_OK, ok);
    return { name };
  }

  @Post(':name/abort')
  @ApiOperation({ summary: 'Stops a run' })
  async abort(@Param('name') name: string): Promise<{ name: string }> {
    await this.runs.abort(name);
    return { name };
  }
}
