import { join } from 'node:path';
import ts from 'typescript';

export const root = join(import.meta.dirname, '../..');

/** What tsconfig.json of the workspace, or the one given, says. */
export function compilerOptions(file = 'tsconfig.json'): ts.CompilerOptions {
  const path = join(root, file);
  const { config } = ts.readConfigFile(path, (name) => ts.sys.readFile(name)) as { config: unknown };
  return ts.parseJsonConfigFileContent(config, ts.sys, join(path, '..')).options;
}

/** The files of compilations with the same options, which are read and parsed once: nearly all of them are the same each time. */
const parsed = new Map<string, Map<string, ts.SourceFile | undefined>>();

/** What the compiler finds wrong with a file, where some files have another text. */
export function problemsOf(
  file: string,
  texts: ReadonlyMap<string, string>,
  options = compilerOptions(),
): readonly ts.Diagnostic[] {
  const host = ts.createCompilerHost(options);
  const read = host.readFile.bind(host);
  host.readFile = (path) => texts.get(path) ?? read(path);
  const getSourceFile = host.getSourceFile.bind(host);
  const key = JSON.stringify(options);
  const files = parsed.get(key) ?? new Map<string, ts.SourceFile | undefined>();
  parsed.set(key, files);
  host.getSourceFile = (path, version, ...rest) => {
    const text = texts.get(path);
    if (text !== undefined) return ts.createSourceFile(path, text, version);
    if (!files.has(path)) files.set(path, getSourceFile(path, version, ...rest));
    return files.get(path);
  };
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program, program.getSourceFile(file));
}

export function messageOf({ messageText }: ts.Diagnostic): string {
  return ts.flattenDiagnosticMessageText(messageText, '\n');
}
