import { spreadOf, type Spread } from './pairs.js';

/** What a figure has to be. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** A figure, as a row measures it. */
export interface Measured {
  /** What it is of, such as `throughput ÷ by hand`. */
  readonly what: string;
  /** Where it was measured, such as `Node 20, Express`. */
  readonly where: string;
  /** One value per round. */
  readonly values: readonly number[];
  /** What the values are in; none for a ratio. */
  readonly unit?: string;
  readonly goal?: Goal;
  /** Both sides in their own unit, medians: for a sense of size. They are of this machine alone. */
  readonly sides?: string;
}

/** What could not be measured. */
export interface Skipped {
  readonly what: string;
  readonly where: string;
  readonly why: string;
}

/** A figure, as it is reported. */
export interface Figure extends Spread, Omit<Measured, 'values'> {
  readonly row: string;
  readonly rounds: number;
  /** Whether the median reaches the goal; undefined without one. */
  readonly held?: boolean;
}
export type Result = Figure | (Skipped & { readonly row: string });

/** Names where it was measured. */
export interface Place {
  readonly node: { readonly major: string; readonly path: string };
  readonly adapter: 'express' | 'fastify';
}

/** What a row is given. */
export interface Context {
  readonly rounds: number;
  readonly nodes: readonly Place['node'][];
  /** Those that actions are started with: they are cheap to measure, so there may be more of them. */
  readonly actionNodes: readonly Place['node'][];
  /** Every pair of a Node and an adapter. */
  readonly places: readonly Place[];
  /** Tells a figure, or why there is none. */
  readonly tell: (result: Measured | Skipped) => void;
}

/** One row of the benchmark. */
export interface Row {
  readonly name: string;
  /** What it measures, in one line. */
  readonly about: string;
  measure(context: Context): Promise<void>;
}

export function figureOf(row: string, { values, ...rest }: Measured): Figure {
  const spread = spreadOf(values);
  const { goal } = rest;
  const held = goal && ('atLeast' in goal ? spread.median >= goal.atLeast : spread.median <= goal.atMost);
  return { row, ...rest, ...spread, rounds: values.length, ...(held !== undefined && { held }) };
}

export function placeName({ node, adapter }: Place): string {
  return `Node ${node.major}, ${adapter === 'express' ? 'Express' : 'Fastify'}`;
}

/** Two medians with their unit, ours first. */
export function sidesOf(ours: readonly number[], other: readonly number[], unit: string, digits = 0): string {
  const [a, b] = [ours, other].map((side) => spreadOf(side).median.toFixed(digits));
  return `${a} : ${b} ${unit}`;
}
