import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import manifest from '../../libs/flyte/package.json' with { type: 'json' };
import { compilerOptions, messageOf, root } from './compiler.js';

// So that the file counts as read: the compiler reads it, and nothing runs it.
export type { login } from './inferred.js';

describe('the entry of nestjs-flyte', () => {
  // 90 and 45, until tasks came to have conditions, and triggers, each with names that apps write.
  it('has at most 100 names, and 50 of them are values', () => {
    const entry = join(root, 'libs/flyte/dist/index.d.ts');
    const program = ts.createProgram([entry], compilerOptions());
    const checker = program.getTypeChecker();
    const source = program.getSourceFile(entry);
    const symbol = source && checker.getSymbolAtLocation(source);
    const names = symbol ? checker.getExportsOfModule(symbol) : [];
    // A name exported by `export type` is no value, whatever it stands for.
    const values = names.filter(
      ({ declarations = [] }) =>
        !declarations.some((node) => ts.isExportSpecifier(node) && (node.isTypeOnly || node.parent.parent.isTypeOnly)),
    );
    expect(names.length).toBeGreaterThan(60);
    expect(names.length).toBeLessThanOrEqual(100);
    expect(values.length).toBeGreaterThan(30);
    expect(values.length).toBeLessThanOrEqual(50);
  });

  it('has types, with its siblings, that name no package but those installed with it', () => {
    const entries = ['index', 'protocol/index', 'testing/index'];
    const program = ts.createProgram(
      entries.map((name) => join(root, `libs/flyte/dist/${name}.d.ts`)),
      compilerOptions(),
    );
    const own = program.getSourceFiles().filter(({ fileName }) => fileName.includes('/libs/flyte/dist/'));
    const packages = new Set(
      own
        .flatMap(({ text }) => ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName))
        .filter((specifier) => !/^(\.|node:)/.test(specifier))
        .map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0]),
    );
    const { dependencies, peerDependencies } = manifest;
    const installed = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
    expect(packages.size).toBeGreaterThan(5);
    expect([...packages].filter((one) => one === undefined || !installed.has(one))).toEqual([]);
  });

  it('names each type that an app may come to export without naming it', () => {
    const file = join(root, 'test/types/inferred.ts');
    // By their paths in node_modules, where packages are to an app: else a path into libs/ would do.
    const options = { ...compilerOptions(), noEmit: false, declaration: true, preserveSymlinks: true };
    const program = ts.createProgram([file], { ...options, emitDeclarationOnly: true });
    const { diagnostics } = program.emit(program.getSourceFile(file), () => undefined);
    const problems = [...ts.getPreEmitDiagnostics(program, program.getSourceFile(file)), ...diagnostics];
    expect(problems.map(messageOf)).toEqual([]);
  });
});
