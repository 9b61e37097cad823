import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { mutants } from './mutation/list.mjs';

// What is written in two places, and must be the same in both.

const root = join(import.meta.dirname, '..');
const text = (file: string): string => readFileSync(join(root, file), 'utf8');

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
  readonly repository: { readonly url: string; readonly directory?: string };
  readonly peerDependencies: Readonly<Record<string, string>>;
}
interface Step {
  readonly run?: string;
  readonly uses?: string;
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { readonly steps?: readonly Step[]; readonly uses?: string }>>;
}

const manifest = (folder: string): Manifest => JSON.parse(text(join(folder, 'package.json'))) as Manifest;
const LIBRARIES = ['libs/flyte', 'libs/flyte-local'];
const workflows = readdirSync(join(root, '.github/workflows')).map((file) => `.github/workflows/${file}`);
const workflow = (file: string): Workflow => parse(text(file), { strict: true }) as Workflow;
const steps = (file: string): readonly Step[] =>
  Object.values(workflow(file).jobs).flatMap(({ steps: own = [] }) => own);

/** The scripts of package.json that a text runs by npm. */
function scriptsIn(source: string): string[] {
  return [...source.matchAll(/\bnpm (?:run (?:-s )?([\w:]+)|(test|start)\b)/g)].map(([, run, own]) => run ?? own ?? '');
}

it('tests that put a module in the place of another one run apart', () => {
  const mocking = readdirSync(join(root, 'libs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.spec.ts') && !file.includes('node_modules'))
    .filter((file) => /^vi\.(mock|doMock)\(/m.test(text(join('libs', file))));
  expect(mocking).not.toEqual([]);
  const others = mocking.filter((file) => !file.startsWith('flyte/src/storage/'));
  for (const file of others) expect(text('vitest.config.ts')).toContain(`'libs/${file}'`);
});

describe('the versions of Node', () => {
  const [, matrix = ''] = /\n +node: \[(.*)\]/.exec(text('.github/workflows/verify.yml')) ?? [];
  const [, tried = ''] = /for major in ([\d ]+); do/.exec(text('.ci/run')) ?? [];

  it('are the same for the workflow and .ci/run', () => {
    expect(matrix.split(', ')).toEqual(tried.split(' '));
  });

  it('begin with that of .nvmrc, and of the engines of each package', () => {
    const [oldest] = tried.split(' ');
    expect(text('.nvmrc').trim()).toBe(oldest);
    for (const folder of ['.', ...LIBRARIES]) expect(manifest(folder).engines.node).toMatch(`>=${oldest}.`);
  });

  it('that the engines promise is the one that the packed libraries are tried on', () => {
    const [, version = ''] = /'node@([\d.]+)'/.exec(text('test/packages/setup.ts')) ?? [];
    for (const folder of ['.', ...LIBRARIES]) expect(manifest(folder).engines.node).toBe(`>=${version}`);
  });
});

describe('the packages', () => {
  it('have one version, which is also the peer', () => {
    const [flyte, local] = LIBRARIES.map(manifest);
    expect(local?.version).toBe(flyte?.version);
    expect(local?.peerDependencies['nestjs-flyte']).toBe(flyte?.version);
  });

  it.each(LIBRARIES)('name the repository and their folder: %s', (folder) => {
    expect(manifest(folder).repository).toEqual({ ...manifest('.').repository, directory: folder });
  });
});

describe.each(workflows)('%s', (file) => {
  it('runs scripts that package.json has', () => {
    const scripts = steps(file).flatMap(({ run = '' }) => scriptsIn(run));
    expect(scripts).not.toEqual([]);
    expect(Object.keys(manifest('.').scripts)).toEqual(expect.arrayContaining(scripts));
  });

  it('may read, and each job says what else it may', () => {
    expect(workflow(file).permissions).toEqual({ contents: 'read' });
  });
});

it.each([...workflows, '.github/actions/prepare/action.yml'])('%s names the actions of others by commit', (file) => {
  const others = [...text(file).matchAll(/uses: (?!\.\/)(.*)/g)].map(([, action]) => action);
  expect(others).not.toEqual([]);
  for (const action of others) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

it('.ci/run and CONTRIBUTING.md name scripts that package.json has', () => {
  const scripts = ['.ci/run', 'CONTRIBUTING.md'].flatMap((file) => scriptsIn(text(file)));
  expect(scripts.length).toBeGreaterThan(10);
  expect(Object.keys(manifest('.').scripts)).toEqual(expect.arrayContaining(scripts));
});

it('Dependabot is told in YAML', () => {
  expect(parse(text('.github/dependabot.yml'), { strict: true })).toMatchObject({ version: 2 });
});

describe('the mutants', () => {
  it('are made of texts that stand in their files once', () => {
    const count = ({ file, find }: (typeof mutants)[number]): number => text(file).split(find).length - 1;
    expect(mutants.filter((mutant) => count(mutant) !== 1).map(({ file, find }) => `${file}: ${find}`)).toEqual([]);
  });
});
