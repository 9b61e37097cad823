import { createHash } from 'node:crypto';
import { toBinary } from '@bufbuild/protobuf';
import { TaskSpecSchema } from '../gen/flyteidl2/task/task_definition_pb.js';
import type { SpecifiedTask } from '../remote/tasks/deploy-tasks.js';
import type { CodeBundle } from './code-bundle.js';

/**
 * A version for tasks that were given none: the same for the same declarations, images and code, 24 hex digits of SHA-256.
 *
 * @param tasks specified under a version that stands for none
 */
export function versionOf(tasks: readonly SpecifiedTask[], code: Pick<CodeBundle, 'sha256'> | undefined): string {
  const hash = createHash('sha256').update(code?.sha256 ?? '');
  for (const { spec } of tasks.toSorted((one, other) => (one.task.name < other.task.name ? -1 : 1))) {
    const bytes = toBinary(TaskSpecSchema, spec);
    hash.update(`\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex').slice(0, 24);
}
