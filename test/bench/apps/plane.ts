// The local control plane.
import { startLocalControlPlane } from 'nestjs-flyte-local';
import { answerParent } from './support/parent.js';

const plane = await startLocalControlPlane({ port: 0, state: ':memory:' });
answerParent(
  { token: (subject: string) => plane.token(subject) },
  plane.url,
  () => plane.close(), // removes its folders
);
