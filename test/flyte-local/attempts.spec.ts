import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { ContainerError_Kind, ErrorDocumentSchema } from 'nestjs-flyte/idl/core/execution';
import { ErrorInfo_Kind } from 'nestjs-flyte/idl/workflow/run_definition';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  clientsFor,
  finished,
  isRunningWith,
  logged,
  logOf,
  messageOf,
  putSecret,
  reached,
  runTask,
  script,
  shellTask,
  startRun,
  taskOf,
  type ExecutionClients,
} from './execution-support.js';
import { failure, temporaryFolder } from './support.js';

const folder = temporaryFolder();
let plane: LocalControlPlane;
let clients: ExecutionClients;
beforeAll(async () => {
  plane = await startLocalControlPlane({ port: 0, state: ':memory:', abortGraceMs: 400, maxConcurrentActions: 2 });
  clients = await clientsFor(plane);
});
afterAll(() => plane.close());

const seconds = (value: number) => ({ seconds: BigInt(Math.floor(value)), nanos: Math.round((value % 1) * 1e9) });
const { FAILED, SUCCEEDED, ABORTED, RUNNING } = ActionPhase;
const phasesOf = (details: { attempts: { phase: ActionPhase }[] }) => details.attempts.map(({ phase }) => phase);

/** Waits until a run has so many attempts. */
async function attemptsOf(run: Awaited<ReturnType<typeof startRun>>, count: number): Promise<void> {
  for await (const { details } of clients.runs.watchActionDetails({ actionId: { run, name: 'a0' } }))
    if (details?.attempts.length === count) return;
}

/** Writes error.pb and returns 0. */
const failing = script(
  folder,
  'failing',
  `const { toBinary, create } = await load('@bufbuild/protobuf');
   const { ErrorDocumentSchema } = await load('nestjs-flyte/idl/core/execution');
   const [kind, origin, message] = [Number(process.argv[3]), Number(process.argv[4]), process.argv[5] ?? ''];
   writeFileSync(out + '/error.pb', toBinary(ErrorDocumentSchema, create(ErrorDocumentSchema, { error: { code: 'X', kind, origin, message: message.replace('$V', process.env.V ?? '') } })));`,
);
const failingTask = (template: object, secrets: object[], ...args: string[]) =>
  taskOf(
    failing,
    secrets as never,
    {
      target: { case: 'container', value: { command: [process.execPath, failing, '{{.outputPrefix}}', ...args] } },
      ...template,
    } as never,
  );

describe('a process that aborts itself as it ends', () => {
  it('has not failed where it had written how it went', async () => {
    const { details, log } = await runTask(clients, shellTask('finish; kill -ABRT $$'));
    expect(phasesOf(details)).toEqual([SUCCEEDED]);
    expect(log.at(-1)).toContain('had written its result before');
    const nothing = await runTask(clients, shellTask('kill -ABRT $$'));
    expect([phasesOf(nothing.details), messageOf(nothing.details)]).toEqual([
      [FAILED],
      expect.stringContaining('SIGABRT'),
    ]);
    // A shot that somebody else fires is none of its own.
    const killed = await runTask(clients, shellTask('finish; kill -KILL $$'));
    expect(phasesOf(killed.details)).toEqual([FAILED]);
  });
});

describe('a failure', () => {
  it('without structure is retried, each attempt on its own, with the number in its environment', async () => {
    const spec = shellTask(
      'echo "attempt $FLYTE_ATTEMPT_NUMBER"; [ "$FLYTE_ATTEMPT_NUMBER" = 2 ] && finish && exit 0; exit 7',
      [],
      {
        metadata: { retries: { retries: 3 } },
      },
    );
    const { details, run } = await runTask(clients, spec);
    expect(phasesOf(details)).toEqual([FAILED, FAILED, SUCCEEDED]);
    expect(details.status).toMatchObject({ phase: SUCCEEDED, attempts: 3 });
    expect(details.attempts[0]?.errorInfo?.message).toMatch(/exit code 7\. The end of its log:\nattempt 0/);
    expect(await logOf(clients, run, 2)).toEqual(['attempt 1']);
    expect(await failure(logOf(clients, run, 4))).toMatchObject({ code: 5 });
    expect(await failure(logOf(clients, run, 0))).toMatchObject({ code: 5 });
  });

  it('of error.pb is retried if it is recoverable, and only then; its kind is kept', async () => {
    const template = { metadata: { retries: { retries: 1 } } };
    const [recoverable, final] = await Promise.all([
      runTask(clients, failingTask(template, [], '1', '2', 'try again')),
      runTask(clients, failingTask(template, [], '0', '1', 'do not')),
    ]);
    expect(phasesOf(recoverable.details)).toEqual([FAILED, FAILED]);
    expect(recoverable.details.result.value).toMatchObject({ message: 'try again', kind: ErrorInfo_Kind.SYSTEM });
    expect(phasesOf(final.details)).toEqual([FAILED]);
    expect(final.details.result.value).toMatchObject({ message: 'do not', kind: ErrorInfo_Kind.USER });
  });

  it('to leave a result is final, and the fault of the system', async () => {
    const { details } = await runTask(clients, shellTask(':', [], { metadata: { retries: { retries: 1 } } }));
    expect(phasesOf(details)).toEqual([FAILED]);
    expect(messageOf(details)).toMatch(
      /^outputs\.pb not found: .* exit code 0 and wrote neither outputs\.pb nor error\.pb/,
    );
    expect(details.result.value).toMatchObject({ kind: ErrorInfo_Kind.SYSTEM });
  });

  it('waits longer from retry to retry', async () => {
    const backoff = { base: seconds(0.001), factor: 3_600_000 };
    const run = await startRun(clients, shellTask('exit 1', [], { metadata: { retries: { retries: 2, backoff } } }));
    await attemptsOf(run, 3);
    // Whoever comes now would have to wait for the third attempt if that stood in the queue already.
    await runTask(clients, shellTask('finish'));
    await clients.runs.abortRun({ runId: run });
    expect(phasesOf(await finished(clients, run))).toEqual([FAILED, FAILED, ABORTED]);
  });

  it.each([
    ['exit 3', /exit code 3\. It logged nothing/],
    ['exit 127', /exit code 127 \(a shell did not find/],
    ['exit 137', /exit code 137 \(ended by SIGKILL: .*out of memory/],
    ['kill -SEGV $$', /ended by SIGSEGV: it crashed/],
    ['echo why >&2; exit 1', /The end of its log:\nwhy$/],
    ['mkfifo "$out/outputs.pb"', /outputs\.pb is no file/],
    ['ln -s /etc/passwd "$out/outputs.pb"', /outputs\.pb can't be read \(ELOOP\)/],
    ['mkdir "$out/error.pb"', /error\.pb is no file/],
    ['head -c 3000000 /dev/zero > "$out/outputs.pb"', /outputs\.pb has 3000000 bytes, and may have 2097152/],
    ['head -c 3000000 /dev/zero > "$out/error.pb"; finish', /error\.pb has 3000000 bytes/],
    ['printf "\\377\\377" > "$out/outputs.pb"', /outputs\.pb is no task\.Outputs/],
    [': > "$out/error.pb"', /error\.pb is no core\.ErrorDocument/],
  ])('is explained: %s', async (command, message) => {
    const { details } = await runTask(clients, shellTask(command));
    expect(messageOf(details)).toMatch(message);
    expect(details.status?.phase).toBe(FAILED);
  });

  it.each([
    [[], /no container with a command/],
    [['no-such-command'], /"no-such-command" is not found in PATH/],
    [['./nope'], /is no executable file/],
    [['/etc/passwd'], /is no executable file/],
    [['sh', '-c', 'x'.repeat(200_000)], /can't be started/],
    [['a\0b'], /NUL/],
  ])('to start at all is not retried: %#', async (command, message) => {
    const template = { target: { case: 'container', value: { command } }, metadata: { retries: { retries: 3 } } };
    const { details } = await runTask(clients, taskOf('', [], template as never));
    expect(messageOf(details)).toMatch(message);
    expect(details.attempts.length).toBe(1);
  });

  it('runs the primary container of a pod, and none of its others', async () => {
    const containers = [
      { name: 'proxy', image: 'registry.local/proxy:1', command: ['/bin/sh', '-c', 'exit 1'] },
      {
        name: 'main',
        command: ['/bin/sh', '-c', 'echo "$MODE,$NOBODYS"; out=${1#file://}; : > "$out/outputs.pb"', 'sh'],
        args: ['{{.outputPrefix}}'],
        env: [
          { name: 'MODE', value: 'slow' },
          { name: 'NOBODYS', valueFrom: { secretKeyRef: { name: 'x', key: 'y' } } },
        ],
      },
    ];
    const target = { case: 'k8sPod', value: { podSpec: { containers } } };
    const { run, details } = await runTask(
      clients,
      taskOf('', [], { target, config: { primary_container_name: 'main' } } as never),
    );
    expect([details.status?.phase, await logOf(clients, run)]).toEqual([SUCCEEDED, ['slow,']]);
    const nameless = await runTask(clients, taskOf('', [], { target } as never));
    expect(messageOf(nameless.details)).toMatch(/no container with a command/);
  });

  it('does not repeat a secret in its message', async () => {
    await putSecret(clients, 'quoted', 'hunter2-hunter2');
    const secrets = [{ key: 'quoted', mountRequirement: 1, envVar: 'V' }];
    const structured = await runTask(clients, failingTask({}, secrets, '0', '1', 'the key was $V!'));
    expect(messageOf(structured.details)).toBe('the key was ***!');
    const plain = await runTask(clients, shellTask('echo "key=$V" >&2; exit 1', secrets));
    expect(messageOf(plain.details)).toMatch(/key=\*\*\*$/);
  });
});

describe('a time limit', () => {
  it('ends each attempt that runs too long, also one that ignores SIGTERM', async () => {
    const spec = shellTask('trap "" TERM; while :; do sleep 0.05; done', [], {
      metadata: { timeout: seconds(0.2), retries: { retries: 1 } },
    });
    const { details } = await runTask(clients, spec);
    expect(phasesOf(details)).toEqual([FAILED, FAILED]);
    expect(details.status?.phase).toBe(FAILED);
    expect(messageOf(details)).toBe('The attempt ran longer than its limit of 0.2 s.');
  });

  it('leaves a task that looks after it the time to end by a failure of its own', async () => {
    const error = { code: 'X', kind: ContainerError_Kind.NON_RECOVERABLE, message: 'in its own words' };
    const document = join(folder, 'own-words.pb');
    writeFileSync(document, toBinary(ErrorDocumentSchema, create(ErrorDocumentSchema, { error })));
    const spec = shellTask(`sleep 0.4; cp ${document} "$out/error.pb"`, [], { metadata: { timeout: seconds(0.2) } });
    expect(messageOf((await runTask(clients, spec)).details)).toBe('in its own words');
  });

  it('for all attempts together leaves no retry', async () => {
    const spec = shellTask('sleep 600', [], {
      metadata: { timeouts: { deadline: seconds(0.3) }, retries: { retries: 5 } },
    });
    const { details } = await runTask(clients, spec);
    expect(phasesOf(details)).toEqual([FAILED]);
    expect(messageOf(details)).toMatch(/deadline of 0\.3 s/);
  });

  it('for the queue ends what waits too long', async () => {
    const busy = await Promise.all([1, 2].map(() => startRun(clients, shellTask('sleep 600'))));
    for (const run of busy) await reached(clients, run, RUNNING);
    const spec = shellTask('finish', [], { metadata: { timeouts: { queuedTimeout: seconds(0.1) } } });
    const { details } = await runTask(clients, spec);
    expect(messageOf(details)).toMatch(/waited longer than the 0\.1 s/);
    expect(details.status?.phase).toBe(FAILED);
    for (const runId of busy) await clients.runs.abortRun({ runId });
    for (const run of busy) await finished(clients, run);
  });
});

describe('an abort', () => {
  it('reaches a run in its queue, which then never starts', async () => {
    const marker = join(folder, 'started');
    const busy = await Promise.all([1, 2].map(() => startRun(clients, shellTask('sleep 600'))));
    const run = await startRun(clients, shellTask(`: > ${marker}; finish`));
    await clients.runs.abortRun({ runId: run, reason: 'not now' });
    const details = await finished(clients, run);
    expect(details.status?.phase).toBe(ABORTED);
    expect(details.result.value).toMatchObject({
      reason: 'not now',
      abortedBy: { principal: { value: { id: { subject: 'alice' } } } },
    });
    for (const runId of busy) await clients.runs.abortRun({ runId });
    for (const one of busy) expect((await finished(clients, one)).status?.phase).toBe(ABORTED);
    expect(existsSync(marker)).toBe(false);
  });

  it('reaches a run right after it was created, at any moment of its start', async () => {
    const secrets = [{ key: 'quoted', mountRequirement: 2 }];
    for (const delay of [0, 1, 3, 6, 10, 15, 25]) {
      const run = await startRun(clients, shellTask('sleep 600', secrets));
      await sleep(delay);
      await clients.runs.abortRun({ runId: run });
      const details = await finished(clients, run);
      expect([details.status?.phase, ...phasesOf(details)]).toEqual([ABORTED, ABORTED]);
    }
  });

  it('reaches a run between two attempts', async () => {
    const metadata = { retries: { retries: 5, backoff: { base: seconds(30) } } };
    const run = await startRun(clients, shellTask('exit 1', [], { metadata }));
    await attemptsOf(run, 2);
    await clients.runs.abortRun({ runId: run });
    expect(phasesOf(await finished(clients, run))).toEqual([FAILED, ABORTED]);
  });

  it('lets a process end in its own way', async () => {
    await using patient = await startLocalControlPlane({ port: 0, state: ':memory:', abortGraceMs: 600_000 });
    const theirs = await clientsFor(patient);
    const run = await startRun(
      theirs,
      shellTask('trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.02; done'),
    );
    await logged(theirs, run, 'up');
    await theirs.runs.abortRun({ runId: run });
    expect((await finished(theirs, run)).status?.phase).toBe(ABORTED);
    expect(await logOf(theirs, run)).toContain('bye');
  });

  it('ends the whole tree, also what ignores SIGTERM or has left the group', async () => {
    const started = join(folder, 'started-all');
    const [one, two, three] = [1, 2, 3].map((at) => `60${process.pid}.${at}`);
    const tree = `trap "" TERM; (trap "" TERM; sleep ${one}; sleep ${one}) &
      setsid sh -c 'trap "" TERM; : > ${started}; sleep ${two}; sleep ${two}' & sleep ${three}; sleep ${three}`;
    const run = await startRun(clients, shellTask(tree));
    await expect.poll(() => existsSync(started)).toBe(true);
    await clients.runs.abortRun({ runId: run });
    await finished(clients, run);
    const left = process.platform === 'linux' ? [one, two, three] : [one, three];
    for (const text of left) await expect.poll(() => isRunningWith(String(text))).toBe(false);
  });

  it('of a run that has ended changes nothing, and can be repeated', async () => {
    const { run } = await runTask(clients, shellTask('finish'));
    await clients.runs.abortRun({ runId: run });
    await clients.runs.abortAction({ actionId: { run, name: 'a0' } });
    expect((await finished(clients, run)).status?.phase).toBe(SUCCEEDED);
  });
});

describe('what a process leaves behind', () => {
  it('ends with it, and does not keep the run open', async () => {
    const left = `60${process.pid}.4`;
    const { details } = await runTask(clients, shellTask(`(sleep ${left}) & setsid sleep ${left} & finish`));
    expect(details.status?.phase).toBe(SUCCEEDED);
    await expect.poll(() => isRunningWith(left)).toBe(false);
  });
});

describe('the queue', () => {
  it('runs so many at a time, first come, first served', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const runs = [];
    for (const name of names)
      runs.push(await startRun(clients, shellTask(`while [ ! -e ${folder}/go-${name} ]; do sleep 0.02; done; finish`)));
    for (const [at, run] of runs.entries()) {
      for (const next of runs.slice(at, at + 2)) await reached(clients, next, RUNNING);
      const phases = runs.map(
        async (runId) => (await clients.runs.getRunDetails({ runId })).details?.action?.status?.phase,
      );
      expect(await Promise.all(phases)).toEqual(
        names.map((_, one) => (one < at ? SUCCEEDED : one < at + 2 ? RUNNING : ActionPhase.QUEUED)),
      );
      writeFileSync(`${folder}/go-${names[at]}`, '');
      await finished(clients, run);
    }
  });
});
