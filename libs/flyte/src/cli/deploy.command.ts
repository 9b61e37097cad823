import { Command } from 'commander';
import { createClient } from '@connectrpc/connect';
import { TaskService as Tasks } from '../gen/flyteidl2/task/task_service_pb.js';
import { deployTasks, specifyTasks, type SpecifiedTask } from '../remote/deploy-tasks.js';
import { fullScope } from '../remote/scope.js';
import { checkVersion } from '../remote/task.service.js';
import { packCode } from './code-bundle.js';
import { connectionOptions, type ConnectionFlags, withFlyte } from './connection.js';
import { answer, note, table } from './output.js';
import { noteStaleImages } from './stale-images.js';
import { loadTasks, type TasksFlags, tasksOptions } from './tasks-options.js';
import { versionOf } from './version-of.js';

interface Flags extends ConnectionFlags, TasksFlags {
  readonly version?: string;
  readonly dryRun?: boolean;
  readonly codeBundle?: true | readonly string[];
}

/** `nestjs-flyte deploy` */
export function deployCommand(): Command {
  return connectionOptions(tasksOptions(new Command('deploy')))
    .description("Make an app's tasks known to Flyte, in the images that a build wrote into flyte.images.json")
    .option('--version <version>', 'what to deploy as; a digest of declarations, images and code without it')
    .option(
      '--code-bundle [paths...]',
      'bring the code apart from the image: these files and folders, or the folder of the module',
    )
    .option('--dry-run', 'say what would be deployed, and deploy nothing')
    .action(async (flags: Flags) => {
      const { module, tasks, image } = await loadTasks(flags);
      const bundle = flags.codeBundle === undefined ? undefined : await packCode(module, flags.codeBundle);
      await withFlyte(flags, async ({ client, options, signal, images }) => {
        const scope = fullScope('nestjs-flyte deploy', options);
        const specify = (version: string, codeBundle?: string): Promise<SpecifiedTask[]> =>
          specifyTasks(tasks, images(image), { ...scope, version, module, ...(codeBundle && { codeBundle }) });
        const version = checkVersion(flags.version ?? versionOf(await specify('-'), bundle));
        const dryRun = flags.dryRun ?? false;
        const uri =
          dryRun || bundle === undefined
            ? undefined
            : (await client.files.upload(bundle.bytes, { name: 'code.tgz', signal })).uri;
        const specified = await specify(version, uri);
        noteStaleImages({ module, tasks, image });
        if (!dryRun) await deployTasks(createClient(Tasks, client.transport), specified, { signal });
        const deployed = specified.map(({ task, image: name }) => ({ name: task.name, image: name }));
        if (dryRun) note('Nothing was deployed.');
        const { project, domain } = scope;
        const code = bundle && { files: bundle.files, bytes: bundle.bytes.length, sha256: bundle.sha256, uri };
        await answer(flags, { version, project, domain, dryRun, code, tasks: deployed }, () =>
          table(
            ['TASK', 'VERSION', 'IMAGE'],
            deployed.map((one) => [one.name, version, one.image]),
          ),
        );
      });
    });
}
