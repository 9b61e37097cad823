import { Secret, Task, TaskEnvironment, Tasks } from 'nestjs-flyte';
import * as z from 'zod';

const KEY = new Secret({ key: 'proof-key', asEnvVar: 'PROOF_KEY' });

@Tasks(new TaskEnvironment({ name: 'proof', secrets: KEY }))
export class CountTasks {
  @Task({ inputs: z.object({ text: z.string() }), outputs: z.object({ words: z.int(), key: z.int() }) })
  async count({ text }: { text: string }): Promise<{ words: number; key: number }> {
    return { words: text.split(' ').length, key: KEY.read().length };
  }
}
