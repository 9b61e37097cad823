import { createPrivateKey, sign } from 'node:crypto';
import { Secret, Task, TaskContext, TaskEnvironment, Tasks } from 'nestjs-flyte';
import * as z from 'zod';

/** An ed25519 private key in PEM. A file, as keys have many lines. */
export const SIGNING_KEY = new Secret({ group: 'user-creds', key: 'signing-key', mount: '/etc/flyte/secrets' });

const signing = new TaskEnvironment({ name: 'signing', secrets: SIGNING_KEY });

/** Tasks that hold the signing key, and nothing else of the app's secrets. */
@Tasks(signing)
export class SigningTasks {
  constructor(private readonly context: TaskContext) {}

  @Task({
    description: 'Signs a text with ed25519; the signature is in base64.',
    inputs: z.object({ text: z.string() }),
    outputs: z.object({ signature: z.string() }),
  })
  async sign({ text }: { text: string }): Promise<{ signature: string }> {
    const key = createPrivateKey(SIGNING_KEY.read());
    this.context.logger.log(`signing ${text.length} characters`);
    return { signature: sign(null, Buffer.from(text), key).toString('base64') };
  }
}
