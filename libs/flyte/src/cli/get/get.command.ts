import { Command } from 'commander';
import { getLogsCommand } from './get-logs.command.js';
import { getProjectsCommand } from './get-projects.command.js';
import { getRunCommand } from './get-run.command.js';
import { getRunsCommand } from './get-runs.command.js';
import { getSecretsCommand } from './get-secrets.command.js';
import { getTasksCommand } from './get-tasks.command.js';

/** `nestjs-flyte get …` */
export function getCommand(): Command {
  return new Command('get')
    .description('Look at what Flyte has')
    .addCommand(getRunsCommand())
    .addCommand(getRunCommand())
    .addCommand(getLogsCommand())
    .addCommand(getTasksCommand())
    .addCommand(getSecretsCommand())
    .addCommand(getProjectsCommand());
}
