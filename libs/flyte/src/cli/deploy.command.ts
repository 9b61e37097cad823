import { isDeepStrictEqual } from 'node:util';
import { Command } from 'commander';
import type { TaskSpec } from '../gen/flyteidl2/task/task_definition_pb.js';
import { deployTasks, specifyTasks, type SpecifiedTask } from '../remote/tasks/deploy-tasks.js';
import type { FlyteClient } from '../remote/services/flyte-client.js';
import { projectIdOf } from '../remote/options/project-id.js';
import { checkVersion } from '../remote/tasks/task.service.js';
import { packCode } from './code-bundle.js';
import { connectionOptions, type ConnectionFlags, withFlyte } from './connection.js';
import { inDoubt } from './interruption.js';
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
        const projectId = projectIdOf('nestjs-flyte deploy', options);
        const specify = (version: string, codeBundle?: string): Promise<SpecifiedTask[]> =>
          specifyTasks(tasks, images(image), { ...projectId, version, module, ...(codeBundle && { codeBundle }) });
        const version = checkVersion(flags.version ?? versionOf(await specify('-'), bundle));
        const dryRun = flags.dryRun ?? false;
        const uri =
          dryRun || bundle === undefined
            ? undefined
            : (await client.files.upload(bundle.bytes, { name: 'code.tgz', signal })).uri;
        const specified = await specify(version, uri);
        if (flags.version !== undefined && !dryRun) await noteReplaced(client, specified[0]?.spec, signal);
        noteStaleImages({ module, tasks, image });
        if (!dryRun) {
          const hint = 'Some tasks may have been deployed: see "npx --no-install nestjs-flyte get tasks".';
          await inDoubt(signal, hint, () => deployTasks(client.transport, specified, { signal }));
        }
        const deployed = specified.map(({ task, image: name }) => ({ name: task.name, image: name }));
        if (dryRun) note('Nothing was deployed.');
        const { project, domain } = projectId;
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

/**
 * Tells where a version is there already and runs other code: who runs it gets the new code from now on. One task tells of all,
 * as they come from one image and one code bundle mostly.
 */
async function noteReplaced({ tasks }: FlyteClient, spec: TaskSpec | undefined, signal: AbortSignal): Promise<void> {
  const { name = '', version = '' } = spec?.taskTemplate?.id ?? {};
  // Where Flyte does not say, there is nothing to tell; what is wrong, the deployment fails with.
  const known = await tasks.get(name, { version, signal }).catch(() => undefined);
  if (known?.spec === undefined || isDeepStrictEqual(codeOf(known.spec), codeOf(spec))) return;
  note(
    `${name} is there in version ${version} already, with other code: another image, module or code bundle. It is replaced.`,
  );
}

/** What a task's process is started from. */
function codeOf(spec: TaskSpec | undefined): unknown {
  const target = spec?.taskTemplate?.target;
  return target?.case === 'container' ? [target.value.image, target.value.args] : target?.value;
}
