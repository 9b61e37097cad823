import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Namespaces, type ActionView } from './namespaces.js';

const tried = Namespaces.open([realpathSync(tmpdir())]);
if (typeof tried === 'string')
  process.stderr.write(`skipped: the tests of what an action is shown, because ${tried}\n`);

describe.skipIf(typeof tried === 'string')('of what is hidden, an action is shown', () => {
  let root: string;
  let mine: string;
  let theirs: string;
  beforeEach(() => {
    root = mkdtempSync(join(realpathSync(tmpdir()), 'namespaces-'));
    [mine, theirs] = [join(root, 'runs/mine'), join(root, 'runs/theirs')];
    for (const folder of [mine, theirs]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, folder === mine ? 'my-file' : 'their-file'), '');
    }
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** What it says that is in a folder. @param meanwhile done between the plane's look and the action's start */
  function listed(folder: string, meanwhile: () => void = () => {}, view: Partial<ActionView> = {}) {
    const namespaces = Namespaces.open([root]);
    if (typeof namespaces === 'string') throw new Error(namespaces);
    const list = { file: '/bin/sh', args: ['-c', 'ls "$1"', 'sh', folder], env: { PATH: '/usr/bin:/bin' }, cwd: '/' };
    const { file, args, env, cwd } = namespaces.wrap(list, { folders: [folder], secrets: undefined, ...view });
    meanwhile();
    const { stdout, stderr, status } = spawnSync(file, args, { env, cwd, encoding: 'utf8' });
    return { names: stdout.split('\n').filter((name) => name !== ''), stderr, status };
  }

  it('what is its own', () => {
    expect(listed(mine)).toEqual({ names: ['my-file'], stderr: '', status: 0 });
    expect(listed(join(root, 'runs'), undefined, { folders: [mine] }).names).toEqual(['mine']);
  });

  it('nothing by a link in the place of its own', () => {
    rmSync(mine, { recursive: true });
    symlinkSync(theirs, mine);
    expect(listed(mine)).toMatchObject({ names: [], status: 2 });
    rmSync(mine);
    expect(listed(mine)).toMatchObject({ names: [], status: 2 });
  });

  it.each([
    ['of its own', (): string => mine],
    ['of a folder above it', (): string => join(root, 'runs')],
  ])('nothing by a link that comes into the place %s after the plane has looked', (_, which) => {
    const place = which();
    mkdirSync(join(root, 'other/mine'), { recursive: true });
    // By a relative one: what an absolute one leads to is hidden already.
    const aim = place === mine ? 'theirs' : 'other';
    const found = listed(mine, () => {
      renameSync(place, `${place}-away`);
      symlinkSync(aim, place);
    });
    expect(found).toMatchObject({ names: [], status: 125 });
    expect(found.stderr).toMatch(/runs\/mine is not the folder that it was/);
  });
});
