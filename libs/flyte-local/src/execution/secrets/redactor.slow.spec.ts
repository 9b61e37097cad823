import { secretForms } from 'nestjs-flyte/protocol';
import { expect, it } from 'vitest';
import { MASK, Redactor } from './redactor.js';

// By itself, as it takes seconds: `npm run test:mutation` goes without it.
it('a redactor takes a value of a megabyte', () => {
  const value = Buffer.alloc(1024 * 1024, 'tr0ub4dor&3\n');
  const redactor = new Redactor(secretForms(value));
  const text = Buffer.concat([Buffer.from('<'), value, Buffer.from('>')]);
  const parts: Buffer[] = [];
  for (let at = 0; at < text.length; at += 65_536) parts.push(redactor.push(text.subarray(at, at + 65_536)));
  expect(Buffer.concat([...parts, redactor.end()]).toString()).toBe(`<${MASK}>`);
});
