import type { FlyteClient } from 'nestjs-flyte';
import { createClient } from '@connectrpc/connect';
import { SimpleType } from 'nestjs-flyte/idl/core/types';
import { TaskService } from 'nestjs-flyte/idl/task/task_service';

/**
 * `task.Outputs` with the text `$ACTION_NAME` as `o0`, in the words of printf: the names of children have 25 characters, so that all
 * lengths are known.
 */
const OUTPUTS = String.raw`printf '\n\045\n\002o0\022\037\n\035\n\033\032\031%s' "$ACTION_NAME"`;

const simple = (type: SimpleType) => ({ type: { case: 'simple' as const, value: type } });

/**
 * Deploys the task of a shell that `Quick` names.
 *
 * @param first what it does before it puts out the name of its action
 */
export async function deployQuick(client: FlyteClient, first: string): Promise<void> {
  const id = { project: 'flytesnacks', domain: 'development', name: 'quick.task', version: 'v1' };
  const script = `${first}; out=\${1#file://}; ${OUTPUTS} > "$out/outputs.pb"`;
  await createClient(TaskService, client.transport).deployTask({
    taskId: id,
    spec: {
      shortName: 'task',
      taskTemplate: {
        id,
        type: 'shell',
        interface: {
          inputs: { variables: [{ key: 'id', value: { type: simple(SimpleType.STRING) } }] },
          outputs: { variables: [{ key: 'o0', value: { type: simple(SimpleType.STRING) } }] },
        },
        target: { case: 'container', value: { command: ['/bin/sh', '-c', script, 'sh', '{{.outputPrefix}}'] } },
      },
    },
  });
}
