import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ts from 'typescript';

/** Tests' tasks as a user's build would leave them, in a folder of their own, which the caller removes. */
export function buildTasks(sources: string): string {
  const root = mkdtempSync(join(tmpdir(), 'nestjs-flyte-app-'));
  mkdirSync(join(root, 'dist'));
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{ "type": "module", "version": "1.0.0" }');
  for (const file of readdirSync(sources)) {
    const { outputText } = ts.transpileModule(readFileSync(join(sources, file), 'utf8'), {
      fileName: file,
      compilerOptions: {
        ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
        ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
      },
    });
    writeFileSync(join(root, 'dist', file.replace(/\.ts$/, '.js')), outputText);
  }
  return root;
}
