import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './child.js';

/**
 * Stands for apt-get, pip, or a command: writes down which secrets it can see, each by its hash. `find` follows no mount
 * that is not there, so what a step was not given leaves no line.
 */
const WITNESS = `#!/bin/sh
mkdir -p /evidence
name="$1"
{
  env | grep -E '^(AWS_|NPM_|SSH_|SECRET_)' | while IFS='=' read -r variable value; do
    echo "evidence $name variable $variable $(printf %s "$value" | sha256sum | cut -c1-64)"
  done
  find /run/secrets /etc/flyte/secrets -type f 2>/dev/null | while read -r file; do
    echo "evidence $name file $file $(sha256sum < "$file" | cut -c1-64)"
  done
} | sort > "/evidence/$name"
`;
const STUBS: Readonly<Record<string, string>> = {
  'bin/witness': WITNESS,
  'usr/bin/apt-get': '#!/bin/sh\ncase "$*" in *install*) witness apt;; esac\n',
  'usr/bin/python3': '#!/bin/sh\nwitness pip\n',
  'usr/sbin/groupadd': '#!/bin/sh\necho flyte:x:10001: >> /etc/group\n',
  'usr/sbin/useradd': '#!/bin/sh\necho flyte:x:10001:10001::/home/flyte:/bin/sh >> /etc/passwd\nmkdir -p /home/flyte\n',
};

/**
 * The root file systems of the images that tests stand on, as tar files, for no image can be pulled where they run: one
 * for Debian's Python image, in which apt-get and pip only look around, and the same with this machine's Node and npm.
 */
export async function makeBaseTars(folder: string): Promise<{ readonly plain: string; readonly node: string }> {
  const plain = join(folder, 'plain');
  for (const name of [
    'bin',
    'etc',
    'proc',
    'root',
    'run',
    'sys',
    'dev',
    'usr/bin',
    'usr/local/bin',
    'usr/sbin',
    'var',
  ]) {
    mkdirSync(join(plain, name), { recursive: true });
  }
  mkdirSync(join(plain, 'tmp'));
  chmodSync(join(plain, 'tmp'), 0o1777);
  const busybox = join(plain, 'bin/busybox');
  copyFileSync('/bin/busybox', busybox);
  chmodSync(busybox, 0o755);
  for (const applet of (await run('/bin/busybox', ['--list'])).trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('busybox', join(plain, 'bin', applet));
  }
  symlinkSync('/bin/env', join(plain, 'usr/bin/env'));
  writeFileSync(join(plain, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(plain, 'etc/group'), 'root:x:0:\n');
  for (const [path, text] of Object.entries(STUBS)) {
    writeFileSync(join(plain, path), text);
    chmodSync(join(plain, path), 0o755);
  }
  // The libraries that Node is linked to, which every Debian image holds.
  const libraries = (await run('ldd', [process.execPath])).matchAll(/(\/\S+) \(0x/g);
  for (const [, library = ''] of libraries) {
    mkdirSync(join(plain, dirname(library)), { recursive: true });
    copyFileSync(realpathSync(library), join(plain, library));
  }

  const node = join(folder, 'node');
  await run('cp', ['-a', plain, node]);
  const local = join(node, 'usr/local');
  copyFileSync(realpathSync(process.execPath), join(local, 'bin/node'));
  chmodSync(join(local, 'bin/node'), 0o755);
  cpSync(await npmFolder(), join(local, 'lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'));

  const tars = { plain: join(folder, 'plain.tar'), node: join(folder, 'node.tar') };
  await run('tar', ['-C', plain, '-cf', tars.plain, '.']);
  await run('tar', ['-C', node, '-cf', tars.node, '.']);
  return tars;
}

async function npmFolder(): Promise<string> {
  const command = realpathSync((await run('sh', ['-c', 'command -v npm'])).trim());
  const folder = dirname(dirname(command));
  if (!existsSync(join(folder, 'bin/npm-cli.js'))) throw new Error(`npm is not where its command leads: ${folder}`);
  return folder;
}
