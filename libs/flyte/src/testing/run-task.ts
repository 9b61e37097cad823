import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FlyteError } from '../errors/flyte-error.js';
import { assertStaysInside } from '../protocol/path-hazard.js';
import { SECRETS_DIR_VARIABLE } from '../secrets/read-secret.js';
import { Secret } from '../secrets/secret.js';
import { definedTask, type TaskDefinition } from '../tasks/task-definition.js';
import type { TaskClass } from '../tasks/task-metadata.js';
import type { CallIn, CallOut } from '../tasks/typing.js';
import type { Condition } from '../tasks/condition.js';
import { runInTestAction } from './test-action.js';
import { receivedInputs, receivedOutputs } from './local-run.js';

/** Options of {@link runTask}. */
export interface RunTaskOptions {
  /** Secrets and their values. Each must be one that the task declares; a text is the key of one. */
  readonly secrets?: readonly (readonly [secret: Secret | string, value: string | Uint8Array])[];
  /**
   * What is answered to the conditions that the task waits for. Of several answers to one condition, each question gets the next;
   * the last one stays.
   */
  readonly answers?: readonly (readonly [condition: Condition, answer: unknown])[];
  /** Which attempt it is, as `TaskContext.attempt` says. 1 if not given. */
  readonly attempt?: number;
}

type RunTaskArguments<I> = [I] extends [void]
  ? [inputs?: undefined, options?: RunTaskOptions]
  : {} extends I
    ? [inputs?: I, options?: RunTaskOptions]
    : [inputs: I, options?: RunTaskOptions];

// A process has one environment; tasks that are given secrets at the same time take turns.
let turn: Promise<unknown> = Promise.resolve();

/**
 * Runs a task's method as an action would: inputs and outputs pass through its schemas and Flyte's literals, and it finds
 * the given secrets, and of its declared secrets no others, where it declares them. `TaskContext` is there: steps of `trace` are
 * taken, conditions answered as `answers` say. Tasks that it calls are those of `fakeTask`. In this process, with no network.
 *
 * ```ts
 * const { signature } = await runTask(tasks, 'sign', { text: 'x' }, { secrets: [[SSH, pem]] });
 * ```
 *
 * @param instance an instance of the class, however it was made
 * @returns what a caller would get
 * @throws whatever the method throws; FlyteError `invalid_argument` naming the path of what does not fit the schemas;
 * `misuse` for a secret that the task does not declare
 */
export async function runTask<C extends object, K extends keyof C & string>(
  instance: C,
  method: K,
  ...[inputs, { secrets = [], answers = [], attempt = 1 } = {}]: RunTaskArguments<CallIn<C[K]>>
): Promise<CallOut<C[K]>> {
  const task = definedTask(instance.constructor as TaskClass, method);
  const received = await receivedInputs(task.codec, inputs);
  const act = async (): Promise<unknown> => {
    const implementation = instance[method] as (inputs: unknown) => unknown;
    return runInTestAction({ task: task.name, attempt, answers }, async () =>
      receivedOutputs(task.codec, await implementation.call(instance, received)),
    );
  };
  if (task.secrets.length === 0 && secrets.length === 0) return (await act()) as CallOut<C[K]>;
  const given = secrets.map(([secret, value]) => [declared(task, secret), value] as const);
  const mine = turn.then(() => withSecrets(task, given, act));
  turn = mine.catch(() => undefined);
  return (await mine) as CallOut<C[K]>;
}

function declared({ secrets, name }: TaskDefinition, wanted: Secret | string): Secret {
  const found = secrets.find((secret) => (Secret.is(wanted) ? secret.equals(wanted) : secret.key === wanted));
  if (found) return found;
  throw new FlyteError(
    'misuse',
    `runTask: ${String(wanted)} is no secret that ${name} declares, so it would not find it in Flyte either. ` +
      'Add it to `secrets` of @Task or of its TaskEnvironment.',
  );
}

async function withSecrets<T>(
  { secrets }: TaskDefinition,
  given: readonly (readonly [Secret, string | Uint8Array])[],
  act: () => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-flyte-secrets-'));
  const names = [SECRETS_DIR_VARIABLE, ...secrets.flatMap(({ asEnvVar }) => asEnvVar ?? [])];
  const before = names.map((name) => [name, process.env[name]] as const);
  try {
    for (const name of names) delete process.env[name];
    process.env[SECRETS_DIR_VARIABLE] = folder;
    for (const [secret, value] of given) {
      if (secret.asEnvVar === undefined) await writeFiles(folder, secret, value);
      else process.env[secret.asEnvVar] = typeof value === 'string' ? value : new TextDecoder().decode(value);
    }
    return await act();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeFiles(folder: string, secret: Secret, value: string | Uint8Array): Promise<void> {
  for (const file of secret.files) {
    assertStaysInside('Secret file', file);
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, value, { mode: 0o600 });
  }
}
