import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation } from '@nestjs/swagger';
import { ProjectService } from 'nestjs-flyte';

/** The projects that the caller may see. */
@ApiBearerAuth()
@Controller('projects')
export class ProjectsController {
  constructor(private readonly projects: ProjectService) {}

  @Get()
  @ApiOperation({ summary: "The caller's projects" })
  async list(): Promise<{ id: string; name: string; domains: string[] }[]> {
    const projects = [];
    for await (const { id, name, domains } of this.projects.list()) {
      projects.push({ id, name, domains: domains.map((domain) => domain.id) });
    }
    return projects;
  }
}
