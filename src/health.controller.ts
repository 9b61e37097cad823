import { Controller, Get } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';

/** Open to anyone: the module's `excludedPaths` names it. */
@Controller('health')
export class HealthController {
  @Get()
  @ApiOperation({ summary: 'Whether the app is up' })
  health(): { status: 'ok' } {
    return { status: 'ok' };
  }
}
