import * as z from 'zod';

const WAYS = [{}, { offset: true }, { local: true }, { offset: true, local: true }] as const;
const PRECISIONS = [undefined, -1, 0, 3, 6, 9] as const;

/**
 * The options of `z.iso.datetime()` as TypeScript, by the pattern that it makes of them; none for any other pattern.
 *
 * @param pattern of a JSON schema
 */
export function dateTimeOptions(pattern: unknown): string {
  if (typeof pattern !== 'string') return '';
  for (const precision of PRECISIONS) {
    for (const way of WAYS) {
      const options = { ...way, ...(precision !== undefined && { precision }) };
      if (z.toJSONSchema(z.iso.datetime(options)).pattern !== pattern) continue;
      const said = Object.entries(options).map(([option, value]) => `${option}: ${value}`);
      return said.length === 0 ? '' : `{ ${said.join(', ')} }`;
    }
  }
  return '';
}
