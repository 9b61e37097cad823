import type { Code } from './code.js';

/** A schema as TypeScript. */
export interface Written {
  readonly code: Code;
  /** Its type, for the getters of classes that refer to themselves. */
  readonly type: string;
  /** What it could not say, for a comment above it. */
  readonly notes: readonly string[];
}

/** A schema of zod without arguments, or of arguments that its type does not name: `leaf('z.int()', 'z.ZodInt')`. */
export function leaf(code: Code, type: string, notes: readonly string[] = []): Written {
  return { code, type, notes };
}

/** A schema around another: `around('z.array(', inner, ')', 'z.ZodArray')`. */
export function around(open: string, inner: Written, close: string, type: string): Written {
  return { code: [open, inner.code, close], type: `${type}<${inner.type}>`, notes: inner.notes };
}

/** The same with a call behind it that leaves its type as it is. */
export function chained(inner: Written, call: Code): Written {
  return { ...inner, code: [inner.code, call] };
}
