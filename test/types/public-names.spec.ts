import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { compilerOptions, messageOf, root } from './compiler.js';

// So that the file counts as read: the compiler reads it, and nothing runs it.
export type { login } from './inferred.js';

describe('the entry of nestjs-flyte', () => {
  it('has at most 90 names, and 45 of them are values', () => {
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
    expect(names.length).toBeLessThanOrEqual(90);
    expect(values.length).toBeGreaterThan(30);
    expect(values.length).toBeLessThanOrEqual(45);
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
