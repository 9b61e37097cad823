// @ts-check
// Makes libs/flyte/dist from what the compiler wrote to libs/flyte/build: a few files in place of four hundred, since
// opening files is most of what an import costs. zod goes in with them: nobody sees it from outside, and of its hundred
// files few are used. Types stay as the compiler wrote them.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const library = join(import.meta.dirname, '../libs/flyte');
const built = join(library, 'build');
const zod = dirname(fileURLToPath(import.meta.resolve('zod')));

/** What is imported by its path: the package's entries, and what the tests take from inside. */
const inputs = [
  'index',
  'protocol/index',
  'testing/index',
  'cli/main',
  'runtime/compiled-tasks',
  'auth/auth-policy',
  'remote/services/current-user',
  'storage/storage-of',
  ...readdirSync(join(built, 'gen/flyteidl2'), { encoding: 'utf8', recursive: true })
    .filter((file) => file.endsWith('_pb.js'))
    .map((file) => join('gen/flyteidl2', file.slice(0, -'.js'.length))),
];

/** @param {string} id whether a module is one of ours: ours may be imported for what they do */
const isOurs = (id) => id.startsWith(built + sep);

const bundle = await rolldown({
  input: Object.fromEntries(inputs.map((name) => [name.replaceAll(sep, '/'), join(built, `${name}.js`)])),
  platform: 'node',
  // Every package but zod, by its name, and Node's own modules.
  external: /^(?!zod$)[@a-z]/,
  treeshake: { moduleSideEffects: (id) => isOurs(id) || undefined },
  plugins: [
    {
      name: 'source-maps',
      // What the compiler wrote names its source.
      load: (id) =>
        isOurs(id) ? { code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') } : undefined,
    },
  ],
});
const dist = join(library, 'dist');
const { output } = await bundle.generate({
  dir: dist,
  sourcemap: true,
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name].js',
  codeSplitting: {
    groups: [
      // A group takes with it what its modules import, unless another has a higher priority.
      { name: 'zod', test: (id) => id.startsWith(zod + sep), priority: 1 },
      // Each of the messages is an entry of its own, and would be a file of its own.
      { name: 'idl', test: /[\\/]gen[\\/]flyteidl2[\\/]/ },
      // Of these, every file needs some.
      { name: 'protocol', test: /[\\/]build[\\/](errors|protocol)[\\/]/ },
    ],
  },
});
await bundle.close();

const names = new Set(output.map(({ fileName }) => fileName));
const before = existsSync(join(dist, 'chunks')) ? readdirSync(join(dist, 'chunks')) : [];
for (const name of before) if (!names.has(`chunks/${name}`)) rmSync(join(dist, 'chunks', name));
for (const part of output) {
  const file = join(dist, part.fileName);
  const text = part.type === 'chunk' ? part.code : part.source;
  // What is as it was stays untouched: whoever watches it would run its tests again.
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
