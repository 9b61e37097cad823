import { Controller, Get, Sse, type MessageEvent } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation } from '@nestjs/swagger';
import { UserService } from 'nestjs-flyte';
import { exhaustMap, map, timer, type Observable } from 'rxjs';

const TICK_MS = 1_000;

/** Who Flyte says the caller is. */
@ApiBearerAuth()
@Controller('me')
export class MeController {
  constructor(private readonly users: UserService) {}

  @Get()
  @ApiOperation({ summary: 'The caller, as Flyte knows them' })
  async me(): Promise<{ subject: string; name: string }> {
    const user = await this.users.get();
    return { subject: user.subject, name: user.name };
  }

  @Sse('stream')
  @ApiOperation({ summary: "The caller's subject once a second, asked anew each time" })
  stream(): Observable<MessageEvent> {
    return timer(0, TICK_MS).pipe(
      exhaustMap(() => this.users.get()),
      map(({ subject }) => ({ data: { subject } })),
    );
  }
}
