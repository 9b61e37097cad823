import { cpus, loadavg, release, totalmem, type as osType } from 'node:os';
import type { Result } from './figures.js';

/** All that one run found. */
export interface Report {
  readonly date: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly os: string;
    /** How many processes wanted to run when the benchmark began, by the last minute; 0 where the system does not say. */
    readonly load: number;
  };
  readonly versions: Readonly<Record<string, string>>;
  readonly method: string;
  readonly results: readonly Result[];
}

export function machine(): Report['machine'] {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${osType()} ${release()}`,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

/** What to say of a machine that does something else, too. */
export function busyNote({ load, cores }: Report['machine']): string | undefined {
  if (load < cores / 2) return undefined;
  return `This machine is busy (load ${load}, ${cores} cores): go by CPU, and by what the row noise says.`;
}

/** One result as a line for people. */
export function lineOf(result: Result): string {
  if ('why' in result) return `${result.row}: ${result.what}, ${result.where}: skipped. ${result.why}`;
  const { row, what, where, sides } = result;
  return `${row}: ${what}, ${where}: ${valueOf(result)}${goalOf(result)}${sides ? `; ${sides}` : ''}`;
}

function valueOf({ median, min, max, unit }: Exclude<Result, { why: string }>): string {
  const [middle, low, high] = [median, min, max].map(shortly);
  return `${middle}${unit ? ` ${unit}` : ''} (${low} to ${high})`;
}

/** Two digits behind the point, or two that say something. */
function shortly(value: number): string {
  return Math.abs(value) < 0.1 ? value.toPrecision(2) : value.toFixed(2);
}

function goalOf({ goal, held }: Exclude<Result, { why: string }>): string {
  if (!goal) return '';
  return `, goal ${goalText(goal)}: ${held ? 'held' : 'not held'}`;
}

function goalText(goal: { atLeast: number } | { atMost: number }): string {
  return 'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`;
}

const [BEGIN, END] = ['<!-- figures: begin -->', '<!-- figures: end -->'];

/**
 * A document with the figures of a report between its two markers, a section for each row. Those of other rows stay.
 *
 * @param order the names of all rows
 * @throws Error where it has no such markers
 */
export function withFigures(document: string, report: Report, order: readonly string[]): string {
  const [before, rest] = split(document, BEGIN);
  const [old, after] = split(rest, END);
  const measured = new Map(sectionsOf(tablesOf(report)));
  const kept = new Map(sectionsOf(old));
  // What is no row, such as a Node that can't be had, counts for what was measured with it alone.
  const names = [...[...measured.keys()].filter((name) => !order.includes(name)), ...order];
  const sections = names.flatMap((name) => measured.get(name) ?? kept.get(name) ?? []);
  return `${before}${BEGIN}\n\n${sections.join('\n\n')}\n\n${END}${after}`;
}

/** By the names of rows. */
function sectionsOf(figures: string): (readonly [string, string])[] {
  const [, ...sections] = figures.split(/^### /m);
  return sections.map((section) => [section.split('\n', 1)[0] ?? '', `### ${section.trim()}`] as const);
}

function split(text: string, at: string): [string, string] {
  const place = text.indexOf(at);
  if (place < 0) throw new Error(`The document has no ${at}`);
  return [text.slice(0, place), text.slice(place + at.length)];
}

function tablesOf({ date, machine: { cpu, cores, memoryGiB, os, load }, versions, results }: Report): string {
  const names = [...new Set(results.map(({ row }) => row))];
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const head = `Measured on ${date.slice(0, 10)}: ${cpu}, ${cores} cores, load ${load}, ${memoryGiB} GiB, ${os}; ${used.join(', ')}.`;
  const sections = names.map((name) => {
    const rows = results.filter(({ row }) => row === name).map(cellsOf);
    const columns = ['figure', 'where', 'median (min to max)', 'goal', 'ours : other'];
    return [`### ${name}`, '', head, '', line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
  });
  return sections.join('\n\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function cellsOf(result: Result): string[] {
  if ('why' in result) return [result.what, result.where, 'skipped', '', result.why];
  const { what, where, goal, held, sides = '' } = result;
  return [what, where, valueOf(result), goal ? `${goalText(goal)} ${held ? 'held' : '**not held**'}` : '', sides];
}
