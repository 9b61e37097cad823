import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { mintToken, startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  clientsFor,
  executionClients,
  finished,
  isRunningWith,
  logged,
  logOf,
  messageOf,
  putSecret,
  runTask,
  script,
  shellTask,
  startRun,
  taskOf,
  whyNotApart,
  type ExecutionClients,
} from './execution-support.js';
import { addressOf, BIN, explainSkip, temporaryFolder } from './support.js';

const FILE = 2;
const folder = temporaryFolder();
const state = join(folder, 'state');
const reason = await whyNotApart();
explainSkip(reason !== undefined, `tests of actions that are apart: ${reason}`);
const isRoot = process.getuid?.() === 0;

let plane: LocalControlPlane;
let clients: ExecutionClients;
beforeAll(async () => {
  plane = await startLocalControlPlane({ port: 0, state, maxConcurrentActions: 4, abortGraceMs: 20_000 });
  clients = await clientsFor(plane);
  await putSecret(clients, 'mine', 'value-of-mine');
});
afterAll(() => plane.close());

const secret = { key: 'mine', mountRequirement: FILE };

/** What a shell command printed as an action. */
async function printed(command: string, secrets: Parameters<typeof shellTask>[1] = []): Promise<string[]> {
  const { details, log } = await runTask(clients, shellTask(`${command}\nfinish`, secrets));
  expect(messageOf(details)).toBe('');
  return log;
}

/** Runs something while another action, which waits, is there to be looked at. */
async function besideAnother<T>(look: (name: string) => Promise<T>): Promise<T> {
  const ready = join(folder, `ready-${Math.random()}`);
  const other = await startRun(clients, shellTask(`: > ${ready}; sleep 7001`, [secret]));
  await expect.poll(() => existsSync(ready)).toBe(true);
  try {
    return await look(other.name);
  } finally {
    await clients.runs.abortRun({ runId: other });
    await finished(clients, other);
  }
}

describe.skipIf(reason !== undefined)('an action that is apart', () => {
  it('has its secrets at /etc/flyte/secrets, and nobody else has', async () => {
    await besideAnother(async () => {
      expect(await printed('wc -c < /etc/flyte/secrets/mine; ls /etc/flyte/secrets', [secret])).toEqual(['13', 'mine']);
      // A host on which nobody ran actions as root has no such folder.
      expect(await printed('ls /etc/flyte/secrets 2>/dev/null || true')).toEqual([]);
    });
    expect(existsSync('/etc/flyte/secrets/mine')).toBe(false);
  });

  it('sees no process but its own', async () => {
    await besideAnother(async () => {
      const lines = await printed(
        'for one in /proc/[0-9]*; do tr "\\0" " " < $one/cmdline; echo; done; echo "self $$"',
      );
      expect(lines.filter((line) => line.includes('sleep 7001'))).toEqual([]);
      expect(Number(lines.find((line) => line.startsWith('self '))?.slice(5))).toBeLessThan(100);
      expect(lines.filter((line) => line.includes(process.execPath))).toEqual([]);
    });
  });

  it("sees of the plane's state its own folders only, under their paths", async () => {
    await besideAnother(async (name) => {
      const lines = await printed(`find ${state} /dev/shm/nestjs-flyte-local-* -mindepth 1 | sort; echo "$out"`, [
        secret,
      ]);
      const own = lines.at(-1) ?? '';
      const attempt = own.slice(0, own.lastIndexOf('/'));
      const below = lines.slice(0, -1).filter((line) => !`${attempt}/`.startsWith(`${line}/`));
      expect(lines.join('\n')).not.toContain(name);
      for (const file of ['control-plane.db', 'secret-key', 'signing-key.json', 'log.jsonl'])
        expect(lines.join('\n')).not.toContain(file);
      expect(below.filter((line) => line.startsWith(state) && !line.includes('secrets-in-use'))).toEqual([
        ...['client', 'client/config.json'].map((part) => join(attempt, '../../../..', part)),
        ...['checkpoints', 'outputs', 'raw'].map((part) => `${attempt}/${part}`),
        ...['inputs', 'inputs/inputs.pb'].map((part) => join(attempt, '../..', part)),
      ]);
      expect(lines.filter((line) => line.endsWith('/mine')).length).toBe(1);
    });
    expect(readdirSync(state)).toContain('control-plane.db');
  });

  it('reads its inputs and the checkpoints of the attempt before, and writes its own', async () => {
    const command = `if [ "$FLYTE_ATTEMPT_NUMBER" = 0 ]; then echo saved > "\${2#file://}/kept"; exit 1; fi
      [ -f "\${4#file://}" ] && cat "\${3#file://}/kept" && finish`;
    const args = ['{{.outputPrefix}}', '{{.checkpointOutputPrefix}}', '{{.prevCheckpointPrefix}}', '{{.input}}'];
    const spec = shellTask(command, [], { metadata: { retries: { retries: 1 } } });
    if (spec.taskTemplate?.target.case === 'container') spec.taskTemplate.target.value.args = args;
    const inputs = { literals: [] };
    const { details, log } = await runTask(clients, spec, { inputWrapper: { case: 'inputs', value: inputs } } as never);
    expect(messageOf(details)).toBe('');
    expect(log).toEqual(['saved']);
  });

  it('sees the raw data that its inputs point to, of runs of its own project only', async () => {
    await clients.projects.createProject({ project: { id: 'elsewhere' } });
    const args = ['{{.outputPrefix}}', '{{.rawOutputDataPrefix}}'];
    const writing = shellTask('echo "content of $2" > "${2#file://}/file"; echo "$2"; finish');
    if (writing.taskTemplate?.target.case === 'container') writing.taskTemplate.target.value.args = args;
    const [ours, foreign] = await Promise.all(
      [{}, { project: 'elsewhere' }].map(async (options) => (await runTask(clients, writing, options)).log[0] ?? ''),
    );
    const blobOf = (name: string, uri: string) => ({
      name,
      value: { value: { case: 'scalar', value: { value: { case: 'blob', value: { uri: `${uri}/file` } } } } },
    });
    const reading = (uri?: string) => shellTask(`cat "${uri}/file" || echo nothing; finish`);
    const seen = async (uri: string | undefined, named: (string | undefined)[]) => {
      const literals = named.map((one, at) => blobOf(`file${at}`, one ?? ''));
      const inputWrapper = { case: 'inputs', value: { literals } };
      return (await runTask(clients, reading(uri), { inputWrapper } as never)).log.at(-1);
    };
    expect(await seen(ours, [foreign, ours])).toBe(`content of ${ours}`);
    expect(await seen(ours, [])).toBe('nothing');
    expect(await seen(foreign, [foreign])).toBe('nothing');
  });

  it('can undo nothing of that', async () => {
    await besideAnother(async () => {
      const tricks = [
        'umount STATE',
        'umount -l STATE',
        'umount -l /proc',
        'umount -l /etc/flyte/secrets',
        'mount --move STATE MINE',
        'mount --bind FOLDER MINE',
        'mount -o remount,rw STATE',
        'mount -t tmpfs none MINE',
        'mount -t proc proc MINE',
        'nsenter --target 1 --mount true',
        'nsenter --target 1 --user --mount true',
        'ls /proc/1/root/',
        'ls /proc/1/cwd/',
        'readlink /proc/1/fd/0',
        'cat /proc/1/fd/0',
        'cat /proc/1/environ',
        'cat /proc/1/maps',
        'kill -9 1; kill -0 1 && false',
        'cat STATE/control-plane.db',
        'ls STATE/../state/data/uploads',
        'cd STATE/data && ls ../control-plane.db',
        'ls /proc/self/cwd/../state/secret-key',
        'for fd in /proc/self/fd/*; do ls $fd/control-plane.db && exit 0; done 2>/dev/null; false',
        "unshare --user --map-root-user --mount sh -c 'umount STATE || umount -l STATE'",
        "unshare --user --map-root-user --mount sh -c 'mount --move STATE MINE'",
        "unshare --user --map-root-user --mount sh -c 'mount --bind FOLDER MINE && ls MINE/state/secret-key'",
        "unshare --user --map-root-user --mount sh -c 'mount --rbind FOLDER MINE && umount MINE/state'",
        "unshare --user --map-root-user --mount sh -c 'mount --rbind FOLDER MINE && umount -l MINE/state && ls MINE/state/secret-key'",
        "unshare --user --map-root-user --mount sh -c 'mount -o remount,rw STATE'",
        "unshare --user --map-root-user --mount --pid --fork sh -c 'mount -t proc proc /proc && ls /proc/2/root/STATE/secret-key'",
        "unshare --user --map-root-user --mount --pid --fork sh -c 'umount -l /proc && mount -t proc proc /proc && ls /proc/1/root/STATE/secret-key'",
        'mknod MINE/disk b 254 0 && head -c 1 MINE/disk',
        'for one in /sys/class/block/*; do [ "$(head -c 1 /dev/${one##*/} | wc -c)" = 0 ] || exit 0; done; false',
        'test -w /proc/sys/kernel/core_pattern',
        'test -w /sys/kernel/uevent_seqnum || test -w /sys/kernel/profiling || test -w /sys/kernel/uevent_helper',
        "unshare --user --map-root-user --mount --pid --fork sh -c 'mount -t proc proc /proc && test -w /proc/sys/kernel/core_pattern'",
        "unshare --user --map-root-user --mount --net sh -c 'mount -t sysfs sys /sys && test -w /sys/kernel/uevent_helper'",
        "unshare --user --map-root-user --mount sh -c 'mount -t overlay -o lowerdir=FOLDER:/etc none MINE && ls MINE/state/secret-key'",
        "unshare --user --map-root-user --mount sh -c 'mount -t overlay -o lowerdir=STATE:/etc none MINE && ls MINE/secret-key'",
        'chroot /proc/1/root true',
        'setpriv --bounding-set=+all --inh-caps=+all mount -t tmpfs none MINE',
      ];
      const attempts = tricks.map((trick, at) => {
        const text = trick.replaceAll('STATE', state).replaceAll('FOLDER', folder).replaceAll('MINE', '$MINE');
        return `if (${text}) >/dev/null 2>&1; then echo "worked: ${at}"; fi`;
      });
      // Where namespaces are missing, these would be done to this machine, and by root with success.
      const guard = `at=$(readlink /proc/self/ns/mnt) && [ "$at" != '${readlinkSync('/proc/self/ns/mnt')}' ] || exit 7`;
      const lines = await printed([guard, 'MINE="$out/mine"; export MINE; mkdir "$MINE"', ...attempts].join('\n'));
      expect(lines.map((line) => tricks[Number(line.slice('worked: '.length))] ?? line)).toEqual([]);
    });
  });

  it('does not start where an action before it has moved the folders above the state', async () => {
    const [home, moved] = [join(folder, 'home'), join(folder, 'moved')];
    mkdirSync(home);
    await using movable = await startLocalControlPlane({ port: 0, state: join(home, 'state') });
    const theirs = await clientsFor(movable);
    await runTask(theirs, shellTask(`mv ${home} ${moved}; mkdir ${home} ${home}/state`));
    expect(existsSync(join(moved, 'state/secret-key'))).toBe(true);
    const { details } = await runTask(theirs, shellTask(`cat ${moved}/state/secret-key; finish`));
    expect(messageOf(details)).toMatch(
      /exit code 125.*\n.*home\/state is not the folder that it was.*\nThis action could not be set apart, so it was not started/,
    );
  });

  it('takes with it whatever it started, also what has left its group and its variables', async () => {
    const leave = [1, 2, 3].map((at) => `70${process.pid}.${at}`);
    const { details } = await runTask(
      clients,
      shellTask(
        `setsid sleep ${leave[0]} & env -i setsid /bin/sleep ${leave[1]} &
        env -i /bin/sh -c '(setsid /bin/sleep ${leave[2]} &) &'
        while [ "$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n" | grep -c '^70${process.pid}')" -lt 3 ]; do sleep 0.05; done
        finish`,
      ),
    );
    expect(details.status?.phase).toBe(ActionPhase.SUCCEEDED);
    for (const text of leave) expect(isRunningWith(text)).toBe(false);
  });

  it('can end in its own way when it is aborted, and its status is its own', async () => {
    const run = await startRun(
      clients,
      shellTask('trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done'),
    );
    await logged(clients, run, 'up');
    await clients.runs.abortRun({ runId: run });
    expect((await finished(clients, run)).status?.phase).toBe(ActionPhase.ABORTED);
    expect(await logOf(clients, run)).toContain('bye');
    for (const [command, message] of [
      ['kill -9 $$', /ended by SIGKILL/],
      ['kill -TERM $$', /ended by SIGTERM/],
      ['kill -ABRT $$', /ended by SIGABRT/],
      ['kill 0', /ended by SIGTERM/],
      ['kill -TERM 1; exit 9', /exit code 9\./],
    ] as const) {
      const { details, log } = await runTask(clients, shellTask(command));
      expect(messageOf(details)).toMatch(message);
      expect(log).toEqual([]);
    }
  });

  it('is given its variables in the last step, whatever they are called', async () => {
    const report = script(
      folder,
      'variables',
      `writeFileSync(out + '/report.html', JSON.stringify(process.env)); done();`,
    );
    const given = {
      ...{ 'my.dotted-name': 'a', "quote'd": 'it\'s "b" $HOME ${V0} \\', 'with blank': '', IFS: 'x', OPTIND: 'none' },
      ...{
        BASH_ENV: '/nowhere',
        ENV: '/nowhere',
        PWD: '/nowhere',
        LD_PRELOAD: '/nowhere.so',
        V0: 'own',
        multi: 'a\nb\n',
      },
    };
    const env = Object.entries(given).map(([key, value]) => ({ key, value }));
    const container = { command: [process.execPath, report, '{{.outputPrefix}}'], env };
    const { details, run, log } = await runTask(
      clients,
      taskOf(report, [], { target: { case: 'container', value: container } } as never),
    );
    expect(messageOf(details)).toBe('');
    const at = join(state, 'data/runs');
    const name = readdirSync(at).find((entry) => entry.startsWith(`${run.name}-`)) ?? '';
    const seen = JSON.parse(readFileSync(join(at, name, 'a0/1/outputs/report.html'), 'utf8')) as Record<string, string>;
    expect(seen).toMatchObject(given);
    expect(Object.keys(seen).filter((key) => /^V\w$/.test(key))).toEqual(['V0']);
    // The loader complains once in each program that obeys the variable: in Node alone.
    expect(log.filter((line) => line.includes('/nowhere.so')).length).toBe(1);
  });

  it('can be a program with "=" in its path', async () => {
    const program = join(folder, 'a=b');
    writeFileSync(program, '#!/bin/sh\necho "ran $1"; : > "${2#file://}/outputs.pb"\n', { mode: 0o755 });
    const container = { command: [program, 'A=B', '{{.outputPrefix}}'] };
    const { log } = await runTask(
      clients,
      taskOf('', [], { target: { case: 'container', value: container } } as never),
    );
    expect(log).toEqual(['ran A=B']);
  });

  it.skipIf(!isRoot)('of root can still change owners and users, as in a container', async () => {
    const lines = await printed(
      'touch "$out/x"; chown 65534 "$out/x"; stat -c %u "$out/x"; setpriv --reuid 65534 --clear-groups id -u',
    );
    expect(lines).toEqual(['65534', '65534']);
  });

  it('has none of the handles that its plane was started with', async () => {
    const home = join(folder, 'handles');
    mkdirSync(home);
    writeFileSync(join(home, 'held'), 'open to the plane only');
    const held = openSync(join(home, 'held'), 'r');
    const stdio = Array.from({ length: 301 }, (_, at) => ([9, 100, 300].includes(at) ? held : 'ignore'));
    const child = spawn(process.execPath, [BIN, '--port', '0', '--state', 'state'], {
      cwd: home,
      stdio: ['ignore', 'pipe', 'inherit', ...stdio.slice(3)],
    });
    closeSync(held);
    try {
      const other = executionClients(
        await addressOf(child as never),
        await mintToken({ state: join(home, 'state'), subject: 'alice' }),
      );
      const { log } = await runTask(other, shellTask('for fd in /proc/self/fd/*; do readlink $fd; done; finish'));
      expect(log.length).toBeGreaterThanOrEqual(3);
      expect(log.join()).not.toContain('held');
    } finally {
      child.kill();
      await once(child, 'close');
    }
  });

  it('ends with a plane that is killed', async () => {
    const home = join(folder, 'killed');
    mkdirSync(home);
    const child = spawn(process.execPath, [BIN, '--port', '0', '--state', 'state'], {
      cwd: home,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await addressOf(child as never);
    const other = executionClients(url, await mintToken({ state: join(home, 'state'), subject: 'alice' }));
    const text = `71${process.pid}.5`;
    await startRun(other, shellTask(`env -i setsid /bin/sleep ${text} & : > ${home}/started; sleep ${text}`));
    await expect.poll(() => existsSync(join(home, 'started'))).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'close');
    await expect.poll(() => isRunningWith(text)).toBe(false);
  });
});

describe.skipIf(reason !== undefined)(
  'a system without the folder /etc/flyte/secrets, where it can not be made',
  () => {
    it('has it in the action all the same', async () => {
      const home = join(folder, 'bare');
      mkdirSync(home);
      const script = `mkdir ${home}/etc; cp /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache ${home}/etc; mount --bind ${home}/etc /etc
      mount -o remount,bind,ro /etc; [ ! -e /etc/flyte ] && exec "$@"`;
      const args = ['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', process.execPath, BIN];
      const child = spawn('unshare', [...args, '--port', '0', '--state', 'state'], {
        cwd: home,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      try {
        const other = executionClients(
          await addressOf(child),
          await mintToken({ state: join(home, 'state'), subject: 'alice' }),
        );
        await putSecret(other, 'mine', 'value-of-mine');
        const { log } = await runTask(
          other,
          shellTask('wc -c < /etc/flyte/secrets/mine; wc -l < /etc/passwd; finish', [secret]),
        );
        expect(log).toEqual(['13', String(readFileSync('/etc/passwd', 'utf8').split('\n').length - 1)]);
      } finally {
        child.kill();
        await once(child, 'close');
      }
    });
  },
);

describe.skipIf(process.platform !== 'linux' || reason !== undefined)('a plane that may not set actions apart', () => {
  it('says so and why when it starts, and runs them all the same', async () => {
    const home = join(folder, 'refused');
    mkdirSync(home);
    // Root of a user namespace without the capability that namespaces take.
    const child = spawn(
      'unshare',
      [
        '--user',
        '--map-root-user',
        'setpriv',
        '--bounding-set=-sys_admin',
        '--inh-caps=-all',
        process.execPath,
        BIN,
      ].concat(['--port', '0', '--state', 'state']),
      { cwd: home, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    try {
      const other = executionClients(
        await addressOf(child),
        await mintToken({ state: join(home, 'state'), subject: 'alice' }),
      );
      expect(said).toMatch(
        /^Actions are not apart, because the system does not allow it \(unshare: .*\): they see .*\.$/m,
      );
      await putSecret(other, 'mine', 'value-of-mine');
      const left = `72${process.pid}.5`;
      const command = `wc -c < "$FLYTE_SECRETS_DEFAULT_DIR/mine"; setsid sleep ${left} & finish`;
      const { details, log } = await runTask(other, shellTask(command, [secret]));
      expect(messageOf(details)).toBe('');
      await expect.poll(() => isRunningWith(left)).toBe(false);
      expect(log).toContain('13');
      expect(log.join('\n')).toMatch(/and not at \/etc\/flyte\/secrets: the system does not allow it/);
    } finally {
      child.kill();
      await once(child, 'close');
    }
  });
});
