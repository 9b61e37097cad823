import { Secret, Task, TaskContext, TaskEnvironment, Tasks } from 'nestjs-flyte';
import * as z from 'zod';

/** The bearer key of the service that summarizes. */
export const LLM_KEY = new Secret({ key: 'openai-key', asEnvVar: 'OPENAI_API_KEY' });

// Where the service is, comes from the app: were it an input, whoever runs the task could have the key sent to them.
const LLM_URL = process.env['LLM_URL'] || 'http://127.0.0.1:8099';

const llm = new TaskEnvironment({ name: 'llm', secrets: LLM_KEY, envVars: { LLM_URL } });

const Answer = z.object({ summary: z.string() });

/** Tasks that ask a language model. */
@Tasks(llm)
export class LlmTasks {
  constructor(private readonly context: TaskContext) {}

  @Task({
    description: 'Summarizes a text by an HTTP service.',
    inputs: z.object({ text: z.string() }),
    outputs: z.object({ summary: z.string() }),
    timeout: '1m',
  })
  async summarize({ text }: { text: string }): Promise<{ summary: string }> {
    const answer = await fetch(new URL('/v1/summarize', LLM_URL), {
      method: 'POST',
      headers: { authorization: `Bearer ${LLM_KEY.read()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
      signal: this.context.signal,
    });
    if (!answer.ok) throw new Error(`The service answered ${answer.status}`);
    return Answer.parse(await answer.json());
  }
}
