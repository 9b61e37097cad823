import { expect, it } from 'vitest';
import * as z from 'zod';
import { answerLiteral, Condition } from './condition.js';

it('tells all that is wrong with an answer, by the name of the condition', async () => {
  const code = new Condition({ name: 'code', schema: z.string().min(3, 'is short').startsWith('x', 'has no x') });
  await expect(answerLiteral(code, 'y')).rejects.toMatchObject({
    code: 'invalid_argument',
    message: 'The answer to the condition code does not fit its schema: is short; has no x',
  });
  await expect(answerLiteral(code, 7)).rejects.toMatchObject({
    message: expect.not.stringContaining('outputs') as string,
  });
  await expect(answerLiteral(code, 'xyz')).resolves.toBeDefined();
});
