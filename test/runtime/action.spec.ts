import { it } from 'vitest';
import { act, buildApp } from './support.js';
const root = buildApp();
it('x', async () => {
  console.log(await act({ root, task: 'demo.greet', inputs: { who: 'x' } }));
  console.log(await act({ root, task: 'demo.fail', inputs: { how: 'user' } }));
});
