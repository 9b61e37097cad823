import { stripVTControlCharacters } from 'node:util';

/** Options of every command that answers. */
export interface OutputFlags {
  /** Whether the answer is JSON. */
  readonly json?: boolean;
}

/** Writes a line of an answer to standard output, and waits until it is out. */
export async function print(line: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(`${forTerminal(line, process.stdout.isTTY)}\n`, (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

/** Tells a person what goes on, on standard error. */
export function note(line: string): void {
  process.stderr.write(`${forTerminal(line, process.stderr.isTTY)}\n`);
}

/** Writes an answer: one JSON document, or lines for people. */
export async function answer({ json }: OutputFlags, value: unknown, lines: () => readonly string[]): Promise<void> {
  if (json === true) await print(toJson(value, 2));
  else for (const line of lines()) await print(line); // oxlint-disable-line no-await-in-loop -- in order
}

/** A value as JSON: whole numbers beyond 2^53 as text, bytes as base64. */
export function toJson(value: unknown, indent?: number): string {
  const plain = (_key: string, one: unknown): unknown =>
    typeof one === 'bigint' ? String(one) : one instanceof Uint8Array ? Buffer.from(one).toString('base64') : one;
  return JSON.stringify(value, plain, indent) ?? 'null';
}

/** Rows under a header, in columns. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** A date as people and programs read it; empty for none. */
export function dateText(date: Date | undefined): string {
  return date === undefined ? '' : date.toISOString();
}

/** At most so many of what there is, and at least one; listed in pages of a size. */
export async function take<T>(limit: number, list: (pageSize: number) => AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const value of list(Math.min(limit, 100))) {
    taken.push(value);
    if (taken.length >= limit) break;
  }
  return taken;
}

/** What a task or a server wrote must not steer the terminal of whoever reads it. */
function forTerminal(text: string, isTTY: boolean): string {
  // oxlint-disable-next-line no-control-regex -- all but tab and line end
  return isTTY ? stripVTControlCharacters(text).replaceAll(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, '') : text;
}
