import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Interceptor } from '@connectrpc/connect';
import { ActionsService } from 'nestjs-flyte/idl/actions/actions_service';
import { expect, it } from 'vitest';
import { ManyTasks } from './app/many.tasks.js';
import { deployQuick } from './quick-task.js';
import { startStage } from './support.js';

const CHILDREN = 50;

/** Kills every process of the attempts of roots on a plane: the action, and the shell that looks after it. */
function killRoots(state: string): number {
  const mark = `FLYTE_LOCAL_ATTEMPT=${pathToFileURL(state).href}/`;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const killed = pids.filter((pid) => {
    try {
      const entries = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      if (!entries.some((entry) => entry.startsWith(mark) && /\/a0\/\d+$/.test(entry))) return false;
      return process.kill(Number(pid), 'SIGKILL');
    } catch {
      return false; // It is gone, or somebody else's.
    }
  });
  return killed.length;
}

/** As many times as its retries are, of which a task may have ten. */
const RUNS = 5;

it.runIf(process.platform === 'linux')(
  'a parent that is killed at each of its calls, before the plane hears of it or after: each child works once, and the result is right',
  async () => {
    let [kills, offset] = [0, 0];
    let taken = new Set<string>();
    const kill = (): void => void (kills += killRoots(stage.state) > 0 ? 1 : 0);
    const killing: Interceptor = (next) => async (request) => {
      if (request.method.name !== ActionsService.method.enqueue.name || request.stream) return next(request);
      const { action } = request.message as { action?: { actionId?: { name: string } } };
      const name = action?.actionId?.name ?? '';
      const isNext = !taken.has(name) && taken.size % RUNS === offset;
      taken.add(name);
      if (isNext && taken.size % 2 === 0) {
        kill();
        throw new Error('nobody waits for this answer');
      }
      const answer = await next(request);
      if (isNext) kill();
      return answer;
    };
    await using stage = await startStage({ interceptors: [killing] });
    const diary = join(stage.root, 'diary');
    const written = (run: string): string[] =>
      readFileSync(diary, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith(`${run} `))
        .map((line) => line.slice(run.length + 1));
    await stage.asAlice(async () => {
      await deployQuick(stage.client, `echo "$RUN_NAME $ACTION_NAME" >> ${diary}`);
      for (offset = 0; offset < RUNS; offset += 1) {
        taken = new Set();
        const run = await stage.client.task(ManyTasks, 'all').run({ count: CHILDREN });
        const { names, attempt } = await run.outputs();
        expect(names.length).toBe(CHILDREN);
        expect(written(run.name).toSorted()).toEqual(names.toSorted());
        expect(attempt).toBeGreaterThan(1);
      }
    });
    // Some fall on a parent that is being killed already.
    expect(kills).toBeGreaterThan(CHILDREN / 2);
  },
  // Fifty starts of a parent, on a machine that does other things too.
  600_000,
);
