import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { SimpleType } from 'nestjs-flyte/idl/core/types';
import { mintToken } from 'nestjs-flyte-local';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  executionClients,
  finished,
  firstLine,
  logOf,
  putSecret,
  reached,
  shellTask,
  startRun,
  type ExecutionClients,
} from './execution-support.js';
import { addressOf, BIN, explainSkip, failure, finish, temporaryFolder } from './support.js';

const RESOURCE_EXHAUSTED = 8;
const isRoot = process.getuid?.() === 0;
/** A mount namespace of its own; who is not root needs a user namespace for that. */
const UNSHARE = [...(isRoot ? [] : ['--user', '--map-root-user']), '--mount', '--propagation', 'private', '--'];
const canMount = tryMount();
explainSkip(!canMount, 'the tests of a full disk, because this system lets this user mount no tmpfs');

describe.skipIf(!canMount)('on a full disk', () => {
  const folder = temporaryFolder();
  const disk = join(folder, 'disk');
  const gate = join(folder, 'gate');
  let child: ChildProcessByStdio<null, Readable, Readable>;
  let clients: ExecutionClients;
  /** The disk as the plane sees it. */
  let inside: string;
  let said = '';
  beforeAll(async () => {
    mkdirSync(disk);
    const script = 'mount -t tmpfs -o size=4m,mode=0700 tmpfs "$1" && shift && exec "$@"';
    const plane = [
      process.execPath,
      BIN,
      '--port',
      '0',
      '--state',
      join(disk, 'state'),
      '--max-concurrent-actions',
      '2',
    ];
    child = spawn('unshare', [...UNSHARE, 'sh', '-c', script, 'sh', disk, ...plane], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const url = await addressOf(child);
    inside = `/proc/${child.pid}/root${disk}`;
    clients = executionClients(url, await mintToken({ state: join(inside, 'state'), subject: 'alice' }));
  });
  afterEach(() => rmSync(join(inside, 'filler'), { force: true }));
  afterAll(async () => {
    const ended = finish(child);
    child.kill('SIGTERM');
    await ended;
  });

  /** Leaves no byte. */
  function fill(): void {
    const handle = openSync(join(inside, 'filler'), 'a');
    try {
      for (let size = 1 << 20; size >= 1;) {
        try {
          writeSync(handle, Buffer.alloc(size));
        } catch {
          size >>= 1;
        }
      }
    } finally {
      closeSync(handle);
    }
  }

  const makeRoom = (): void => rmSync(join(inside, 'filler'));

  it('the plane stays up, says so, and refuses what it cannot keep', async () => {
    fill();
    const calls = {
      secret: () => putSecret(clients, 'too-much', 'x'.repeat(20_000)),
      project: () => clients.projects.createProject({ project: { id: 'more', name: 'x'.repeat(20_000) } }),
      run: () => startRun(clients, shellTask('finish'), { name: 'too-late' }),
      inputs: () => {
        const value = { case: 'scalar' as const, value: { value: { case: 'primitive' as const, value: text } } };
        return clients.data.uploadInputs({
          id: { case: 'projectId', value: { name: 'flytesnacks', domain: 'development' } },
          inputs: { literals: [{ name: 'a', value: { value } }] },
        });
      },
    };
    for (const [what, call] of Object.entries(calls)) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const error = await failure(call());
      expect({ what, code: error.code }).toEqual({ what, code: RESOURCE_EXHAUSTED });
      expect(error.rawMessage).toContain(`state folder ${join(disk, 'state')} is full`);
      expect(error.rawMessage).toContain('Free some space');
    }
    expect((await clients.projects.listProjects({})).projects?.projects.map(({ id }) => id)).toEqual(['flytesnacks']);
    expect(await failure(clients.runs.getRunDetails({ runId: runId('too-late') }))).toMatchObject({ code: 5 });
    makeRoom();
    await expect(calls.secret()).resolves.toBeUndefined();
    await expect(calls.run()).resolves.toBeDefined();
    await finished(clients, runId('too-late'));
  });

  it('an upload is refused, and nothing of it is kept', async () => {
    const content = Buffer.alloc(100_000, 'x');
    const contentMd5 = createHash('md5').update(content).digest();
    const { signedUrl, headers } = await clients.data.createUploadLocation({
      ...{ project: 'flytesnacks', domain: 'development', filename: 'large', contentMd5 },
    });
    const digest = { 'content-md5': headers['Content-MD5'] ?? '' };
    fill();
    const refused = await fetch(signedUrl, { method: 'PUT', headers: digest, body: content });
    expect([refused.status, await refused.text()]).toEqual([507, expect.stringContaining('InsufficientStorage')]);
    expect(readdirSync(join(inside, 'state/data/incoming'))).toEqual([]);
    makeRoom();
    expect((await fetch(signedUrl, { method: 'PUT', headers: digest, body: content })).status).toBe(200);
  });

  it('what ended meanwhile ends when there is room, and what waits goes on', async () => {
    const lines = `for at in 1 2 3 4 5 6 7 8 9; do printf '%01000d\\n' $at; done`;
    const wait = `echo begun; while [ ! -e ${gate} ]; do sleep 0.05; done; ${lines}; finish`;
    const running = await startRun(clients, shellTask(wait), { name: 'running' });
    const other = await startRun(clients, shellTask(`while [ ! -e ${gate} ]; do sleep 0.05; done; finish`), {
      name: 'other',
    });
    const queued = await startRun(clients, shellTask('finish'), { name: 'queued' });
    for (const run of [running, other]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await reached(clients, run, ActionPhase.RUNNING);
    }
    await vi.waitFor(async () => expect(statSync(logFile('running')).size).toBeGreaterThan(0), 30_000);
    fill();
    writeFileSync(gate, '');
    // Said by the plane once it knows that the run has ended.
    await vi.waitFor(() => expect(said).toMatch(/the run running goes on once its state can be stored/), 60_000);
    expect(said).toMatch(/The disk of the state folder is full \(\w+\)/);
    expect(said).toMatch(/Lines of the log \S+ are lost/);
    const { details } = await clients.runs.getActionDetails({ actionId: { run: running, name: 'a0' } });
    expect(details?.status?.phase).toBe(ActionPhase.RUNNING);
    makeRoom();
    for (const run of [running, other, queued]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status, attempts } = await finished(clients, run);
      expect([status?.phase, attempts.length]).toEqual([ActionPhase.SUCCEEDED, 1]);
    }
    expect(await logOf(clients, running)).toContain('begun');
    expect(child.exitCode).toBeNull();
  });

  it('a condition whose time is up ends when there is room', async () => {
    const run = await startRun(clients, shellTask('echo $_U_RUN_BASE; sleep 600'), { name: 'asking' });
    const actionId = { run, name: 'question' };
    const type = { type: { case: 'simple' as const, value: SimpleType.BOOLEAN } };
    const value = { name: 'ok', type, timeout: durationFromMs(3_000) };
    const runOutputBase = await firstLine(clients, run);
    await clients.actions.enqueue({
      action: { actionId, parentActionName: 'a0', runOutputBase, spec: { case: 'condition', value } },
    });
    fill();
    await vi.waitFor(() => expect(said).toContain('The condition question of the run asking has not ended'), 30_000);
    makeRoom();
    let phase: ActionPhase | undefined;
    for await (const { details } of clients.runs.watchActionDetails({ actionId })) phase = details?.status?.phase;
    expect(phase).toBe(ActionPhase.TIMED_OUT);
    await clients.runs.abortRun({ runId: run });
  });

  it('another plane does not start, and says why', async () => {
    fill();
    const { pid } = child;
    const flags = ['--mount', ...(isRoot ? [] : ['--user', '--preserve-credentials']), '--target', String(pid)];
    const second = spawn('nsenter', [...flags, process.execPath, BIN, '--port', '0', '--state', join(disk, 'second')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { code, stderr } = await finish(second);
    expect(code).toBe(1);
    expect(stderr).toMatch(/ENOSPC|SQLITE_FULL/);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  function runId(name: string) {
    return { org: '', project: 'flytesnacks', domain: 'development', name };
  }

  function logFile(run: string): string {
    const found = execFileSync('find', [join(inside, 'state', 'data', 'logs'), '-path', `*/${run}-*/log.jsonl`]);
    return found.toString().trim();
  }
});

const text = { value: { case: 'stringValue' as const, value: 'x'.repeat(20_000) } };

function tryMount(): boolean {
  if (process.platform !== 'linux' || !existsSync('/proc/self/root')) return false;
  try {
    execFileSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 'tmpfs', temporaryFolder()], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}
