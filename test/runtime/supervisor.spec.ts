import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killGroup, temporaryFolder } from './support.js';

/**
 * In the place of the command's part in Node: an action that is the JavaScript in its last argument, and says when the
 * supervisor reports its death.
 */
const STAND_IN = `
  const [command, ...args] = process.argv.slice(2);
  const say = (text) => console.log(text);
  if (command === 'run-action') (0, eval)(args.at(-1));
  else say([command, ...args, process.env.NODE_OPTIONS ?? 'unset'].join('|'));
`;

/** Says that it is there, stays, and does something on SIGTERM. */
const onTerm = (what: string): string =>
  `setInterval(() => 0, 1000); process.on('SIGTERM', () => { ${what} }); console.log('ready')`;

const folder = temporaryFolder();
const script = join(folder, 'bin', 'nestjs-flyte');
const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) killGroup(child);
});

beforeAll(() => {
  mkdirSync(dirname(script));
  copyFileSync('libs/flyte/bin/nestjs-flyte', script);
  writeFileSync(`${script}.js`, STAND_IN);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});

/** Every shell of this machine that may be /bin/sh somewhere; each called sh, as it would be there. */
const shells = ['dash', 'bash', 'busybox'].flatMap((name) => {
  const path = ['/usr/bin', '/bin'].map((place) => join(place, name)).find((file) => existsSync(file));
  if (path === undefined) {
    process.stderr.write(`skipped: the supervisor in ${name}, because there is none\n`);
    return [];
  }
  const sh = join(folder, name, 'sh');
  mkdirSync(dirname(sh));
  symlinkSync(path, sh);
  return [[name, sh] as const];
});

interface Supervised {
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Sent once the log holds "ready" that many times; to the group where it says so. */
  readonly signals?: readonly NodeJS.Signals[];
  readonly toGroup?: boolean;
}

async function supervised(file: string, first: readonly string[], { env, ...options }: Supervised) {
  const { command = 'action', args = [], signals = [], toGroup = false } = options;
  const child = spawn(file, [...first, command, ...args], {
    env: { PATH: [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter), ...env },
    ...{ cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] as const },
  });
  running.add(child);
  let log = '';
  const waiting = [...signals];
  const onData = (chunk: Buffer): void => {
    log += chunk.toString();
    const { pid = 0 } = child;
    while (waiting.length > 0 && log.split('ready').length > signals.length - waiting.length + 1)
      process.kill(toGroup ? -pid : pid, waiting.shift());
  };
  child.stdout.on('data', onData);
  child.stderr.on('data', onData);
  const code = await new Promise((done) => {
    child.on('close', done);
  });
  running.delete(child);
  return { code, log, died: /^action-died\|.*$/m.exec(log)?.[0] };
}

describe.each(shells)('the supervisor in %s', (_, sh) => {
  const act = async (code: string, options: Supervised = {}) =>
    supervised(sh, [script], { ...options, args: [...(options.args ?? []), code] });

  it('hands arguments and variables on as they are', async () => {
    const args = ['--prev-checkpoint', '""', '', 'two  words', '*', '$HOME', "it's"];
    const shown = 'console.log(JSON.stringify([process.argv.slice(2, -1), process.env]))';
    const env = { A_SECRET: 'a  $b\n*', status: 'mine', action: 'mine', asked: 'mine', signal: 'mine', IFS: 'x' };
    const { code, log } = await act(shown, { args, env });
    expect(code).toBe(0);
    const { IFS: _, ...others } = env; // which belongs to shells
    expect(JSON.parse(log)).toEqual([['run-action', ...args], expect.objectContaining(others)]);
  });

  it.each([
    ['exits with 7', 'process.exit(7)', 7],
    ['is killed', "process.kill(process.pid, 'SIGKILL')", 137],
    ['aborts', 'process.abort()', 134],
    ['sends itself what only Flyte should send', "process.kill(process.pid, 'SIGTERM')", 143],
    ['writes much, and fails', "process.stderr.write('x\\n'.repeat(1e6), () => process.exit(1))", 1],
  ])('has the death reported, and exits with 0, where the action %s', async (_what, action, status) => {
    const { code, died } = await act(action, { args: ['--task', 'a b'] });
    expect([code, died]).toEqual([0, `action-died|--status|${status}|--task|a b|${action}|`]);
  });

  it('reports without the options that kept Node from starting', async () => {
    const { code, died } = await act('0', { env: { NODE_OPTIONS: '--require=./gone.cjs' } });
    expect([code, died]).toEqual([0, 'action-died|--status|1|0|']);
  });

  it('exits with 0 even where there is no Node to report with', async () => {
    const { code, log } = await act('0', { env: { PATH: '/nowhere' } });
    expect(code).toBe(0);
    expect(log).toMatch(/node.*not found/);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const)('passes %s on as SIGTERM', async (signal) => {
    const { code, died } = await act(onTerm('process.exit(0)'), { signals: [signal] });
    expect([code, died]).toEqual([0, undefined]);
  });

  it.each([
    ['has no result', 'process.exit(143)'],
    ['fails', 'throw new Error()'],
    ['dies', "process.kill(process.pid, 'SIGKILL')"],
  ])('exits with 143, and reports nothing, where the action is asked to end and %s', async (_what, what) => {
    const { code, died } = await act(onTerm(what), { signals: ['SIGTERM'] });
    expect([code, died]).toEqual([143, undefined]);
  });

  it('kills an action that ignores it, where it is asked again', async () => {
    const { code, died } = await act(onTerm("console.log('ready again')"), { signals: ['SIGTERM', 'SIGTERM'] });
    expect([code, died]).toEqual([143, undefined]);
  });

  it('is asked once where its whole group is', async () => {
    const { code } = await act(onTerm('setTimeout(() => process.exit(0), 200)'), {
      signals: ['SIGTERM'],
      toGroup: true,
    });
    expect(code).toBe(0);
  });

  it('exits with 143 where it is asked before the action is up', async () => {
    const early = join(folder, 'early');
    mkdirSync(early, { recursive: true });
    writeFileSync(join(early, 'node'), `#!/bin/sh\nkill -s TERM $PPID\nexec ${process.execPath} "$@"\n`, {
      mode: 0o755,
    });
    // It has no handler: whether the signal comes before or after it is up, it dies of it.
    const { code, died } = await act('setInterval(() => undefined, 1e6)', { env: { PATH: early } });
    expect([code, died]).toEqual([143, undefined]);
  });

  it('may be started by a link', async () => {
    const link = join(folder, 'linked');
    if (!existsSync(link)) symlinkSync(script, link);
    const { code, log } = await supervised(sh, [link], { args: ["console.log('here')"] });
    expect([code, log]).toEqual([0, 'here\n']);
  });

  it('becomes the command for every other subcommand', async () => {
    const { code, log } = await supervised(sh, [script], { command: 'image', args: ['build', 'x y'] });
    expect([code, log.trim()]).toEqual([0, 'image|build|x y|unset']);
  });
});

const unshare = ['--user', '--map-root-user', '--pid', '--mount-proc', '--fork', '--kill-child'];
const canUnshare = spawnSync('unshare', [...unshare, 'true']).status === 0;
if (!canUnshare) process.stderr.write('skipped: the supervisor as process 1, because unshare is not allowed\n');

describe.skipIf(!canUnshare)('the supervisor as process 1', () => {
  const act = async (code: string, options: Supervised = {}) =>
    supervised('unshare', [...unshare, script], { ...options, args: [code] });

  it('hears SIGTERM, which the system keeps from a process 1 that does not ask for it', async () => {
    // From within: to signal unshare would not be to signal process 1.
    const { code, log } = await act(`${onTerm("console.log('heard'); process.exit(143)")}; process.kill(1, 'SIGTERM')`);
    expect([code, log]).toEqual([143, 'ready\nheard\n']);
  });

  it('buries what the action left behind, and ends what still lives', async () => {
    const orphans = `
      const { execFileSync } = process.getBuiltinModule('node:child_process');
      // The one ends at once, the other never; neither has a parent any more.
      const [ended] = String(execFileSync('sh', ['-c', 'true & echo $!; sleep 99999 >/dev/null 2>&1 &'])).split('\\n');
      const timer = setInterval(() => {
        if (process.getBuiltinModule('node:fs').existsSync('/proc/' + ended)) return;
        console.log('buried');
        process.kill(process.pid, 'SIGKILL');
      }, 10);`;
    const { code, log } = await act(orphans, { env: { MARKER: folder } });
    expect(code).toBe(0);
    expect(log).toContain('buried');
    expect(log).toContain('action-died|--status|137');
    const left = readdirSync('/proc').filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`MARKER=${folder}`);
      } catch {
        return false;
      }
    });
    expect(left).toEqual([]);
  });
});
