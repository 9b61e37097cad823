import {
  FileService,
  FlyteError,
  InjectTask,
  NonRecoverableError,
  Task,
  TaskContext,
  TaskEnvironment,
  type TaskHandle,
  taskRef,
  Tasks,
} from 'nestjs-flyte';
import * as z from 'zod';
import { Everything, type EverythingThereIs } from './everything.js';

const Text = z.object({ text: z.string() });

/** Tasks of Python, which call tasks of the class below. */
export const PythonEcho = taskRef('across.echo', { inputs: Everything, outputs: Everything });
export const PythonRelay = taskRef('across.relay', { inputs: Text, outputs: z.string() });
export const PythonBad = taskRef('across.bad', { inputs: Text, outputs: z.string() });

@Tasks(new TaskEnvironment({ name: 'shop' }))
export class ShopTasks {
  constructor(
    @InjectTask(PythonEcho) private readonly theirs: TaskHandle<typeof PythonEcho>,
    @InjectTask(PythonRelay) private readonly relay: TaskHandle<typeof PythonRelay>,
    @InjectTask(PythonBad) private readonly bad: TaskHandle<typeof PythonBad>,
    private readonly files: FileService,
    private readonly ctx: TaskContext,
  ) {}

  /** Loud, as a file too: who reads it, reads what this language wrote. */
  @Task({ inputs: Everything, outputs: Everything })
  async echo(given: EverythingThereIs): Promise<EverythingThereIs> {
    const text = await this.files.text(given.file);
    const file = await this.files.upload(Buffer.from(text.toUpperCase()), { name: 'loud.txt' });
    return { ...given, text: given.text.toUpperCase(), file };
  }

  @Task({ inputs: Text, outputs: z.string() })
  async shout({ text }: { text: string }): Promise<string> {
    if (text === 'bad') throw new NonRecoverableError('nobody shouts that', { code: 'BadText' });
    return `${text.toUpperCase()} of a child of a child: ${this.ctx.action !== 'a0'}`;
  }

  /** Gives everything to Python. */
  @Task({ inputs: Everything, outputs: Everything })
  async give(given: EverythingThereIs): Promise<EverythingThereIs> {
    return this.theirs.call(given);
  }

  /** Has Python have this class do something. */
  @Task({ inputs: Text, outputs: z.string() })
  async pass({ text }: { text: string }): Promise<string> {
    return `passed: ${await this.relay.call({ text })}`;
  }

  @Task({ inputs: Text, outputs: z.string() })
  async caught({ text }: { text: string }): Promise<string> {
    const error: unknown = await this.bad.call({ text }).catch((reason: unknown) => reason);
    if (!FlyteError.is(error)) return 'no FlyteError';
    return `${error.code} ${error.run?.task} ${error.message.replace(/^.*, failed: /s, '')}`;
  }
}
