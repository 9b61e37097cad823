import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { finish, runCommand, temporaryFolder } from './support.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const readme = read('libs/flyte-local/README.md');

describe("the documents of 'nestjs-flyte-local'", () => {
  it.each(['libs/flyte-local/README.md', 'docs/local-control-plane.md'])(
    'have an example that does what it says: %s',
    async (path) => {
      const example = /```ts\n(.*?)```/s.exec(read(path))?.[1] ?? '';
      // Compiled, because Node 20 and 22 know no `await using`.
      const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
      const code = ts.transpileModule(example, { compilerOptions }).outputText;
      const flags = ['--input-type=module', '--eval', code];
      const child = spawn(process.execPath, flags, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
      const printed = /\/\/ (\{.*\}|\w+)\n$/.exec(example)?.[1];
      expect(await finish(child)).toEqual({ code: 0, stdout: `${printed}\n`, stderr: '' });
    },
  );

  it('names every flag that the help names, and no other', async () => {
    const folder = temporaryFolder();
    const commands = [[], ['token'], ['secret'], ['secret', 'put'], ['secret', 'list'], ['secret', 'delete']];
    const helps = await Promise.all(commands.map((command) => runCommand(folder, ...command, '--help')));
    const inHelp = flagsOf(helps.map(({ stdout }) => stdout).join('\n')).filter((flag) => flag !== '--help');
    // npx has a flag of its own.
    expect(flagsOf(readme.replaceAll('npx --no-install ', 'npx '))).toEqual(inHelp);
  });
});

function flagsOf(text: string): string[] {
  return [...new Set(text.match(/--[a-z][a-z-]+/g))].toSorted();
}
