import { BadRequestException, Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation } from '@nestjs/swagger';
import { SecretService } from 'nestjs-flyte';

/** The secrets that the caller keeps in Flyte. Values go in, and never come out. */
@ApiBearerAuth()
@Controller('secrets')
export class SecretsController {
  constructor(private readonly secrets: SecretService) {}

  @Get()
  @ApiOperation({ summary: 'The names of the secrets' })
  async list(): Promise<{ name: string }[]> {
    const names = [];
    for await (const { name } of this.secrets.list()) names.push({ name });
    return names;
  }

  @Put(':name')
  @HttpCode(204)
  @ApiOperation({ summary: 'Creates or replaces a secret' })
  @ApiBody({ schema: { type: 'object', required: ['value'], properties: { value: { type: 'string' } } } })
  async put(@Param('name') name: string, @Body('value') value: unknown): Promise<void> {
    if (typeof value !== 'string') throw new BadRequestException('value: give a text');
    await this.secrets.put(name, value);
  }

  @Delete(':name')
  @HttpCode(204)
  @ApiOperation({ summary: 'Deletes a secret' })
  async delete(@Param('name') name: string): Promise<void> {
    await this.secrets.delete(name);
  }
}
