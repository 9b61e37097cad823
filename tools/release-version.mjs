// @ts-check
// `npm run release:version`: the next version, by the files of .changeset, wherever it is named.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const library = join(root, 'libs/flyte/package.json');
const local = join(root, 'libs/flyte-local/package.json');
const changelog = join(root, 'CHANGELOG.md');

/** @typedef {{ version: string, peerDependencies: Record<string, string> }} Manifest */
/** @param {string} file */
const read = (file) => /** @type {Manifest} */ (JSON.parse(readFileSync(file, 'utf8')));
/** @param {string} command @param {string[]} args */
const run = (command, ...args) => execFileSync(command, args, { cwd: root, stdio: 'inherit' });

const changes = readFileSync(changelog, 'utf8');
const heading = /^## .*unreleased.*$/im;
if (!heading.test(changes)) throw new Error('CHANGELOG.md has no "## Unreleased": what does this version bring?');

const before = read(library).version;
run('npx', '--no-install', 'changeset', 'version');
const { version } = read(library);
if (version === before) throw new Error(`Nothing in .changeset makes a version after ${before}: run npx changeset`);

// The two are released together, and fit in one version only.
const manifest = read(local);
manifest.peerDependencies['nestjs-flyte'] = version;
writeFileSync(local, `${JSON.stringify(manifest, null, 2)}\n`);
writeFileSync(changelog, changes.replace(heading, `## ${version} (${new Date().toISOString().slice(0, 10)})`));
run('npm', 'install', '--package-lock-only', '--ignore-scripts');
